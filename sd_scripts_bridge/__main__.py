"""python -m sd_scripts_bridge: the command line."""

import sys

from .cli.main import main

sys.exit(main())

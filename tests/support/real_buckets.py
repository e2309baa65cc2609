"""sd-scripts' own choice of buckets. Runs in its environment and folder: settings and sizes as JSON
on stdin, [bucket width, height, resized width, height] of each on stdout.
"""

from __future__ import annotations

import json
import sys


def answers(setting: dict[str, int], sizes: list[list[int]]) -> list[list[int]]:
    from library.train_util import BucketManager  # type: ignore[import-not-found,unused-ignore]

    side, no_upscale = setting["side"], bool(setting["no_upscale"])
    manager = BucketManager(
        no_upscale, (side, side), setting["shortest"], setting["longest"], setting["step"]
    )
    if not no_upscale:
        manager.make_buckets()
    found = []
    for width, height in sizes:
        bucket, resized, _ = manager.select_bucket(width, height)
        found.append([*map(int, bucket), *map(int, resized)])
    return found


if __name__ == "__main__":
    sys.path.insert(0, ".")
    asked = json.load(sys.stdin)
    print(json.dumps([answers(one["setting"], one["sizes"]) for one in asked]))

from sd_scripts_bridge.webui import callbacks

callbacks.register()

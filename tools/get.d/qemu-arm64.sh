# Runs programs for arm64 on another machine.
ready() { on_path qemu-aarch64-static; }
get() { distribution_tool qemu-aarch64-static qemu-user-static; }

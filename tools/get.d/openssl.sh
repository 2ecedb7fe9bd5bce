ready() { on_path openssl; }
get() { distribution_tool openssl openssl; }

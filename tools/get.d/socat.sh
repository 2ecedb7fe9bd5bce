ready() { on_path socat; }
get() { distribution_tool socat socat; }

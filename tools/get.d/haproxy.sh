ready() { on_path haproxy; }
get() { distribution_tool haproxy haproxy; }

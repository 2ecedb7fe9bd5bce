ready() { on_path setpriv; }
get() { distribution_tool setpriv util-linux; }

ready() { on_path tshark; }
get() { distribution_tool tshark tshark; }

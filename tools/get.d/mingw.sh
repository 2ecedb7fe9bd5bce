ready() { on_path x86_64-w64-mingw32-gcc; }
get() { distribution_tool x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64; }

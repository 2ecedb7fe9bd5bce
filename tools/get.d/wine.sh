# The program itself: Debian's `wine` is a script that asks for 32 bits too.
program=/usr/lib/wine/wine64
ready() { [ -x "$program" ] && echo "$program" || on_path wine64; }
get() { apt_install wine64 && ready; }

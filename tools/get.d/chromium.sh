ready() { on_path chromium || on_path chromium-browser || on_path google-chrome; }
get() { ready || { apt_install chromium && on_path chromium; }; }

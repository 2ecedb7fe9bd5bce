# Of the same package as prometheus, into a folder of its own: two tests may ask for the two at once.
unpacked=$store/promtool/usr/bin/promtool
built=$store/go/promtool/promtool

ready() { for each in "$unpacked" "$built"; do [ -x "$each" ] && echo "$each" && return 0; done; on_path promtool; }
get() {
  { distribution_files prometheus "$store/promtool" && "$unpacked" --version && echo "$unpacked"; } ||
    go_install "github.com/prometheus/prometheus/cmd/promtool@v$PROMETHEUS_VERSION" promtool
}

# The distribution's, unpacked: the package would start a daemon. Debian 12 has 2.42.
unpacked=$store/prometheus/usr/bin/prometheus
built=$store/go/prometheus/prometheus

ready() { for each in "$unpacked" "$built"; do [ -x "$each" ] && echo "$each" && return 0; done; on_path prometheus; }
get() {
  { distribution_files prometheus "$store/prometheus" && "$unpacked" --version && echo "$unpacked"; } ||
    go_install "github.com/prometheus/prometheus/cmd/prometheus@v$PROMETHEUS_VERSION" prometheus
}

# One that finds its targets by the API of Kubernetes, which the distribution's cannot. Built without all other ways to find them.
built=$store/go/$name/prometheus

ready() { [ -x "$built" ] && echo "$built"; }
get() { go_install "github.com/prometheus/prometheus/cmd/prometheus@v$PROMETHEUS_VERSION" prometheus "" remove_all_sd,enable_kubernetes_sd; }

# What objects may have in them: swagger.json of Kubernetes, crd-*.yaml of cert-manager and the Prometheus operator, from the Go
# modules of their releases. The path printed is that of the folder.
schemas=$store/kubernetes-schemas-$KUBERNETES_VERSION-$CERT_MANAGER_VERSION-$PROMETHEUS_OPERATOR_VERSION
ready() { [ -f "$schemas/.complete" ] && [ -f "$schemas/crd-prometheusrules.yaml" ] && echo "$schemas"; }

# module_file MODULE@VERSION PATH NAME: one file of a module, as NAME
module_file() {
  local directory
  directory=$(cd "$store" && go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p') && [ -n "$directory" ] &&
    cp "$directory/$2" "$schemas/$3" && chmod u+w "$schemas/$3"
}
operator_file() {
  attempt "go mod download prometheus-operator" \
    module_file "github.com/prometheus-operator/prometheus-operator@v$PROMETHEUS_OPERATOR_VERSION" \
    "example/prometheus-operator-crd/monitoring.coreos.com_$1.yaml" "crd-$1.yaml"
}
get() {
  command -v go >/dev/null || cannot "go mod download (no go on PATH)" || return 1
  rm -rf "$schemas"
  mkdir -p "$schemas"
  attempt "go mod download k8s.io/kubernetes" \
    module_file "k8s.io/kubernetes@v$KUBERNETES_VERSION" api/openapi-spec/swagger.json swagger.json &&
    attempt "go mod download cert-manager" \
      module_file "github.com/cert-manager/cert-manager@v$CERT_MANAGER_VERSION" deploy/crds/cert-manager.io_certificates.yaml crd-certificates.yaml &&
    operator_file podmonitors && operator_file prometheusrules &&
    touch "$schemas/.complete" && echo "$schemas"
}

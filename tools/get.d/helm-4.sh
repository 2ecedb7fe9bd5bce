ready() {
  local candidate
  for candidate in "$store/go/$name/helm" "$(on_path helm || true)"; do
    if [ -x "$candidate" ] && "$candidate" version --short 2>/dev/null | grep -q '^v4\.'; then
      echo "$candidate"
      return 0
    fi
  done
  return 1
}
get() { go_install "helm.sh/helm/v4/cmd/helm@v$HELM4_VERSION" helm "-X helm.sh/helm/v4/internal/version.version=v$HELM4_VERSION"; }

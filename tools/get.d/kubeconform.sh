ready() {
  local candidate
  for candidate in "$store/go/$name/kubeconform" "$(on_path kubeconform || true)"; do
    if [ -x "$candidate" ]; then
      echo "$candidate"
      return 0
    fi
  done
  return 1
}
get() { go_install "github.com/yannh/kubeconform/cmd/kubeconform@v$KUBECONFORM_VERSION" kubeconform; }

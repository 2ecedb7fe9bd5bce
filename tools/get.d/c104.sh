# lib60870 behind Python: the path printed is that of the python that can import it.
venv=$store/c104-$C104_VERSION
ready() { [ -f "$venv/.complete" ] && echo "$venv/bin/python"; }
get() {
  python_venv "$venv" "c104==$C104_VERSION" && attempt "import c104" "$venv/bin/python" -c 'import c104' &&
    touch "$venv/.complete" && echo "$venv/bin/python"
}

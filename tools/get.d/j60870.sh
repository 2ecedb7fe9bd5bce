# The jar, with what it depends on beside it: use `-cp "$(dirname PATH)/*"`.
lib=$store/j60870-$J60870_VERSION
ready() { [ -f "$lib/.complete" ] && echo "$lib/j60870-$J60870_VERSION.jar"; }
fetch() {
  rm -rf "$lib"
  mkdir -p "$lib"
  cat >"$lib/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId>
  <artifactId>interop</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.openmuc</groupId>
      <artifactId>j60870</artifactId>
      <version>$J60870_VERSION</version>
    </dependency>
  </dependencies>
</project>
POM
  mvn --batch-mode -q -f "$lib/pom.xml" dependency:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$lib" &&
    [ -f "$lib/j60870-$J60870_VERSION.jar" ] && touch "$lib/.complete"
}
get() {
  command -v mvn >/dev/null || cannot "mvn (not on PATH)" || apt_install maven || return 1
  attempt "mvn dependency:copy-dependencies org.openmuc:j60870:$J60870_VERSION" fetch && ready
}

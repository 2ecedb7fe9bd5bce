# A JDK (java 11 and later run single source files with `java -cp ... File.java`).
ready() { on_path javac >/dev/null && on_path java; }
get() { { on_path javac >/dev/null || apt_install default-jdk-headless; } && on_path java; }

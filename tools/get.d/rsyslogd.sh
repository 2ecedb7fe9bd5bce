ready() { on_path rsyslogd && [ -n "$(find /usr/lib -path '*rsyslog/lmnsd_gtls.so' -print -quit)" ]; }
get() { distribution_tool rsyslogd rsyslog rsyslog-gnutls; }

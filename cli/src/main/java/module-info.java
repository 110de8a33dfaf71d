/** The command line. */
module io.github.qcow4j.cli {
  requires info.picocli;
  requires io.github.qcow4j.qcow2;
  requires io.github.qcow4j.snapshot;
  requires jdk.unsupported;
  requires static org.jspecify;
}

/** The command line. */
module io.github.qcow4j.cli {
  requires info.picocli;
  requires io.github.qcow4j.qcow2;
  requires io.github.qcow4j.snapshot;
  requires jdk.unsupported;
  requires static com.google.errorprone.annotations;
  requires static org.jspecify;

  // For picocli, which reads and fills the annotated fields of its commands.
  opens io.github.qcow4j.cli.box to
      info.picocli;
}

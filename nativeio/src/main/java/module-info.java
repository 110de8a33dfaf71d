/** Files and directories as the kernel offers them; the only module that knows native code. */
module io.github.qcow4j.nativeio {
  requires static com.google.errorprone.annotations;
  requires static transitive org.jspecify;

  exports io.github.qcow4j.nativeio;
}

/** Files and directories as the kernel offers them; the only module that knows native code. */
module io.github.qcow4j.nativeio {
  requires static com.google.errorprone.annotations;
  requires static org.jnrproject.ffi;
  requires static transitive org.jspecify;

  exports io.github.qcow4j.nativeio;

  // For the class that jnr-ffi makes at run time, in a loader of its own, of the interface there.
  opens io.github.qcow4j.nativeio.jnr;
}

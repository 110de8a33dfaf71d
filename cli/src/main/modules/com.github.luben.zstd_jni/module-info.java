/**
 * zstd-jni as a module of its own: its jar has only a name for one, and a runtime is linked of
 * modules that say what they are. The name is the jar's.
 */
module com.github.luben.zstd_jni {
  exports com.github.luben.zstd;
  exports com.github.luben.zstd.util;
}

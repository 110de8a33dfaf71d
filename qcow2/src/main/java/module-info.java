/** The qcow2 format, images, chains, and the jobs on them. */
module io.github.qcow4j.qcow2 {
  requires transitive io.github.qcow4j.nativeio;
  requires com.github.luben.zstd_jni;
  requires static com.google.errorprone.annotations;
  requires static org.jspecify;
}

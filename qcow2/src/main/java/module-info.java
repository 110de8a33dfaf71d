/** The qcow2 format, images, chains, and the jobs on them. */
module io.github.qcow4j.qcow2 {
  exports io.github.qcow4j.qcow2;
  exports io.github.qcow4j.qcow2.bench;
  exports io.github.qcow4j.qcow2.bitmap;
  exports io.github.qcow4j.qcow2.chain;
  exports io.github.qcow4j.qcow2.check;
  exports io.github.qcow4j.qcow2.checksum;
  exports io.github.qcow4j.qcow2.commit;
  exports io.github.qcow4j.qcow2.compare;
  exports io.github.qcow4j.qcow2.convert;
  exports io.github.qcow4j.qcow2.create;
  exports io.github.qcow4j.qcow2.encryption;
  exports io.github.qcow4j.qcow2.error;
  exports io.github.qcow4j.qcow2.header;
  exports io.github.qcow4j.qcow2.inspect;
  exports io.github.qcow4j.qcow2.job;
  exports io.github.qcow4j.qcow2.map;
  exports io.github.qcow4j.qcow2.measure;
  exports io.github.qcow4j.qcow2.rebase;
  exports io.github.qcow4j.qcow2.rewrite;
  exports io.github.qcow4j.qcow2.snapshot;
  exports io.github.qcow4j.qcow2.verify;

  requires transitive io.github.qcow4j.nativeio;
  requires com.github.luben.zstd_jni;
  requires static com.google.errorprone.annotations;
  requires static org.jspecify;
}

/** Boxes: named sets of disks with snapshots, clones, export and import. */
module io.github.qcow4j.snapshot {
  exports io.github.qcow4j.snapshot;
  exports io.github.qcow4j.snapshot.archive;
  exports io.github.qcow4j.snapshot.directory;
  exports io.github.qcow4j.snapshot.error;
  exports io.github.qcow4j.snapshot.intake;
  exports io.github.qcow4j.snapshot.json;
  exports io.github.qcow4j.snapshot.model;
  exports io.github.qcow4j.snapshot.quiesce;
  exports io.github.qcow4j.snapshot.transfer;

  requires transitive io.github.qcow4j.qcow2;
  requires com.fasterxml.jackson.core;
  requires com.github.luben.zstd_jni;
  requires java.sql;
  requires org.lz4.java;
  requires org.xerial.sqlitejdbc;
  requires static com.google.errorprone.annotations;
  requires static org.jspecify;
}

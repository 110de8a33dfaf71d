/** Boxes: named sets of disks with snapshots, clones, export and import. */
module io.github.qcow4j.snapshot {
  requires transitive io.github.qcow4j.qcow2;
  requires static org.jspecify;
}

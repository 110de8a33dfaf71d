/**
 * lz4-java as a module of its own: its jar has only a name for one, and a runtime is linked of
 * modules that say what they are. The name is the jar's.
 */
module org.lz4.java {
  exports net.jpountz.lz4;
  exports net.jpountz.xxhash;

  requires jdk.unsupported;
}

package io.github.qcow4j.cli.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * The sound inputs that hostile ones are bred from. Images are made by {@code qemu-img}; a tiny one
 * of our own stands beside them where a fuzzer is to get along with few bytes.
 */
final class FuzzSeeds {

  private static final int CLUSTER = 512;
  private static final int NAME_ROOM = 300;
  private static final int FORMAT_ROOM = 40;

  private FuzzSeeds() {}

  static List<byte[]> of(FuzzTarget target, Path directory) throws IOException {
    return switch (target) {
      case HEADER, READING, CHECKING, REPAIRING, WRITING -> ImageSeeds.of(directory);
      case CHAIN ->
          with(
              ChainSeeds.whole(directory),
              with(
                  ChainSeeds.open(directory),
                  texts(
                      "image.qcow2\0qcow2",
                      "top.qcow2\0qcow2",
                      "./../d/image.qcow2\0raw",
                      "/d/top.qcow2\0",
                      "json:{\"driver\":\"qcow2\",\"file\":{\"driver\":\"file\",\"filename\":\"/d/a\"}}\0raw",
                      "nbd:unix:/d/s\0nbd",
                      "file:image.qcow2\0qcow2")));
      case MANIFEST ->
          with(
              BoxSeeds.in(directory).manifests(),
              texts(
                  "{\"version\":3,\"box_id\":\"b\",\"box_name\":\"web\",\"image\":\"alpine\","
                      + "\"created_at\":\"2025-01-02T03:04:05Z\",\"guest_disk_checksum\":\"\","
                      + "\"container_disk_checksum\":\"sha256:00\",\"box_options\":{\"cpus\":1}}",
                  "{\"version\":1001,\"disks\":[{\"role\":\"root\",\"file\":\"disk.qcow2\","
                      + "\"sha256\":\"00\",\"virtual_size\":1048576}]}"));
      case ENVELOPE ->
          with(
              BoxSeeds.in(directory).envelopes(),
              texts(
                  "{\"version\":1,\"config\":{\"id\":\"s\",\"name\":\"web\"},\"files\":[\"a.qcow2\"],"
                      + "\"lengths\":{\"a.qcow2\":512},\"digests\":{},\"disks\":[]}"));
      case OPTIONS ->
          texts(
              "cluster_size=64k,compat=1.1",
              "size=1M,preallocation=metadata,extended_l2=on",
              "backing_file=a,,b,backing_fmt=qcow2",
              "driver=qcow2,file.filename=/d/image.qcow2",
              "snapshot.id=1,snapshot.name=a",
              "1.5G",
              "0x200",
              "help",
              "{\"driver\":\"qcow2\",\"file\":{\"filename\":\"/d/image.qcow2\"}}");
      case ARCHIVE -> ArchiveSeeds.of(directory);
      case DIRECTORY -> with(BoxSeeds.in(directory).directories(), directories());
    };
  }

  private static List<byte[]> with(List<byte[]> made, List<byte[]> written) {
    return Stream.concat(made.stream(), written.stream()).toList();
  }

  private static List<byte[]> texts(String... texts) {
    return Arrays.stream(texts).map(text -> text.getBytes(UTF_8)).toList();
  }

  private static List<byte[]> directories() {
    byte[] disk = tinyImage();
    String writable = "{'role':'cow'}";
    return List.of(
        new PackedFiles()
            .file("overlay.qcow2", disk)
            .file("config.json", "{}")
            .file("data-db.raw", "data")
            .file("cocoon.json", "{'storage_configs':[" + writable + ",{'role':'data'}]}")
            .file(
                "snapshot.json",
                "{'version':1,'config':{'id':'X','hypervisor':'cloud-hypervisor'}}")
            .toBytes(),
        new PackedFiles()
            .file("cow.raw", "disk")
            .file("cocoon.json", "{'storage_configs':[" + writable + "]}")
            .file(
                "snapshot.json",
                "{'version':1,'config':{'hypervisor':'firecracker','storage':4},"
                    + "'files':['cow.raw','cocoon.json']}")
            .toBytes(),
        new PackedFiles()
            .file("a.qcow2", disk)
            .file(
                "snapshot.json",
                "{'version':1,'config':{'id':'s','name':'web'},'files':['a.qcow2'],"
                    + "'lengths':{'a.qcow2':2048},'digests':{},'disks':[{'role':'root',"
                    + "'file':'a.qcow2','format':'qcow2','virtual_size':32768}]}")
            .toBytes());
  }

  /** A disk of 32 KiB that holds nothing: header, refcount table, refcount block, L1 table. */
  static byte[] tinyImage() {
    ByteBuffer image = ByteBuffer.allocate(4 * CLUSTER);
    image.putInt(0, 0x5146_49fb).putInt(4, 3).putInt(20, 9).putLong(24, 32 << 10);
    image.putInt(36, 1).putLong(40, 3 * CLUSTER).putLong(48, CLUSTER).putInt(56, 1);
    image.putInt(96, 4).putInt(100, 104);
    image.putLong(CLUSTER, 2 * CLUSTER);
    for (int i = 0; i < 4; i++) {
      image.putShort(2 * CLUSTER + 2 * i, (short) 1);
    }
    return image.array();
  }

  /**
   * That image with a backing file: its name, and behind a zero byte its format. Empty when there
   * is no room for it.
   */
  static byte[] namingImage(byte[] nameAndFormat) {
    int end = 0;
    while (end < nameAndFormat.length && nameAndFormat[end] != 0) {
      end++;
    }
    byte[] format =
        end >= nameAndFormat.length
            ? new byte[0]
            : Arrays.copyOfRange(nameAndFormat, end + 1, nameAndFormat.length);
    if (end == 0 || end > NAME_ROOM || format.length > FORMAT_ROOM) {
      return new byte[0];
    }
    ByteBuffer image = ByteBuffer.wrap(tinyImage());
    int nameOffset = CLUSTER - NAME_ROOM;
    image.putLong(8, nameOffset).putInt(16, end);
    image.position(nameOffset).put(nameAndFormat, 0, end);
    if (format.length > 0) {
      image.position(104).putInt(0xe279_2aca).putInt(format.length).put(format);
    }
    return image.array();
  }
}

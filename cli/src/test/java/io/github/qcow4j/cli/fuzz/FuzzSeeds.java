package io.github.qcow4j.cli.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.qcow4j.qcow2.testing.Workbench;
import io.github.qcow4j.snapshot.tar.TarWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The sound inputs that hostile ones are bred from; images are made by {@code qemu-img}. */
final class FuzzSeeds {

  private static final int CLUSTER = 512;
  private static final int NAME_ROOM = 300;
  private static final int FORMAT_ROOM = 40;

  private FuzzSeeds() {}

  static List<byte[]> of(FuzzTarget target, Path directory) throws IOException {
    return switch (target) {
      case HEADER, READING, CHECKING, REPAIRING, WRITING -> images(directory);
      case CHAIN ->
          texts(
              "image.qcow2\0qcow2",
              "top.qcow2\0qcow2",
              "./../d/image.qcow2\0raw",
              "/d/top.qcow2\0",
              "json:{\"driver\":\"qcow2\",\"file\":{\"driver\":\"file\",\"filename\":\"/d/a\"}}\0raw",
              "nbd:unix:/d/s\0nbd",
              "file:image.qcow2\0qcow2");
      case MANIFEST ->
          texts(
              "{\"version\":3,\"box_id\":\"b\",\"box_name\":\"web\",\"image\":\"alpine\","
                  + "\"created_at\":\"2025-01-02T03:04:05Z\",\"guest_disk_checksum\":\"\","
                  + "\"container_disk_checksum\":\"sha256:00\",\"box_options\":{\"cpus\":1}}",
              "{\"version\":1001,\"disks\":[{\"role\":\"root\",\"file\":\"disk.qcow2\","
                  + "\"sha256\":\"00\",\"virtual_size\":1048576}]}");
      case ENVELOPE ->
          texts(
              "{\"version\":1,\"config\":{\"id\":\"s\",\"name\":\"web\"},\"files\":[\"a.qcow2\"],"
                  + "\"lengths\":{\"a.qcow2\":512},\"digests\":{},\"disks\":[]}");
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
      case ARCHIVE -> archives();
    };
  }

  private static List<byte[]> texts(String... texts) {
    return Arrays.stream(texts).map(text -> text.getBytes(UTF_8)).toList();
  }

  private static List<byte[]> images(Path directory) throws IOException {
    Workbench bench = Workbench.in(directory);
    List<Path> images = new ArrayList<>();
    String[] data = {"write -P 7 0 3k", "write -z 8k 2k", "write -P 9 40k 1k"};
    images.add(bench.image("v3.qcow2", "cluster_size=512", 64 << 10, data));
    images.add(bench.image("v2.qcow2", "cluster_size=512,compat=0.10", 64 << 10, data));
    Path full = bench.image("full.qcow2", "cluster_size=512,lazy_refcounts=on", 64 << 10, data);
    bench.snapshot(full, "a");
    bench.write(full, "write -P 3 1k 4k");
    bench.snapshot(full, "b");
    bench.qemu().img("bitmap", "--add", "-g", "512", full.toString(), "b0").orFail();
    bench.write(full, "write -P 4 2k 1k");
    images.add(full);
    images.add(bench.image("subclusters.qcow2", "cluster_size=16k,extended_l2=on", 64 << 10, data));
    images.add(bench.image("narrow.qcow2", "cluster_size=512,refcount_bits=1", 64 << 10, data));
    for (String type : List.of("zlib", "zstd")) {
      Path packed = bench.path(type + ".qcow2");
      bench
          .qemu()
          .img(
              "convert",
              "-c",
              "-O",
              "qcow2",
              "-o",
              "cluster_size=512,compression_type=" + type,
              full.toString(),
              packed.toString())
          .orFail();
      images.add(packed);
    }
    List<byte[]> seeds = new ArrayList<>();
    for (Path image : images) {
      seeds.add(Files.readAllBytes(image));
    }
    return seeds;
  }

  private static List<byte[]> archives() throws IOException {
    ByteArrayOutputStream archive = new ByteArrayOutputStream();
    TarWriter tar = new TarWriter(Channels.newChannel(archive), 1_700_000_000);
    byte[] manifest = of(FuzzTarget.MANIFEST, Path.of("/")).getFirst();
    tar.begin("manifest.json", manifest.length);
    tar.write(ByteBuffer.wrap(manifest));
    byte[] disk = tinyImage();
    tar.begin("disk.qcow2", disk.length);
    tar.write(ByteBuffer.wrap(disk));
    tar.finish();
    return List.of(archive.toByteArray());
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

package io.github.qcow4j.cli.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.qcow4j.cli.box.BoxRun;
import io.github.qcow4j.qcow2.testing.Workbench;
import io.github.qcow4j.snapshot.transfer.Sha256;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What a box over a disk of {@code qemu-img}'s travels in: written by the program, or, where its
 * large clusters would leave a fuzzer little else to change, with that disk in place of the
 * flattened one.
 */
final class BoxSeeds {

  private static final int SIZE = 64 << 10;
  private static final String SMALL = "cluster_size=512";
  static final String MANIFEST = "manifest.json";
  private static final String ENVELOPE = "snapshot.json";
  private static final String DIGEST = "sha256:[0-9a-f]{64}";

  private final Workbench bench;
  private final BoxRun box;
  private final Path disk;

  private BoxSeeds(Workbench bench) {
    this.bench = bench;
    this.box = new BoxRun(bench.path("home"));
    Path _ = bench.image("origin.qcow2", SMALL, SIZE, "write -P 7 0 3k", "write -z 8k 2k");
    this.disk = bench.overlay("box.qcow2", SMALL, "origin.qcow2", "write -P 9 40k 1k");
    String _ = box.ok("create", "web", "--from", disk.toString(), "--independent");
  }

  /** The box is made in the directory. */
  static BoxSeeds in(Path directory) {
    return new BoxSeeds(Workbench.in(directory));
  }

  /** One archive for each way to compress it. */
  List<byte[]> archives() throws IOException {
    return List.of(archive("zstd"), archive("lz4"), archive("none"));
  }

  /** The manifests of an archive, each with its disk. */
  List<byte[]> manifests() throws IOException {
    byte[] exported = Files.readAllBytes(exported().resolve("root.qcow2"));
    byte[] own = ownDisk();
    return List.of(
        new PackedFiles()
            .file(MANIFEST, manifestOf(exported))
            .sparse("disk.qcow2", exported)
            .toBytes(),
        new PackedFiles().file(MANIFEST, manifestOf(own)).file("disk.qcow2", own).toBytes());
  }

  /** The exported directory, and one as Cocoon makes it. */
  List<byte[]> directories() throws IOException {
    Path exported = exported();
    Path base = bench.image("base.qcow2", SMALL, SIZE, "write -P 7 0 3k");
    // Where the input is unpacked, the name leads to it.
    Path overlay =
        bench.unsafeOverlay(
            "overlay.qcow2",
            DirectoryAttack.SOURCE.resolve("base.qcow2").toString(),
            "qcow2",
            SIZE);
    return List.of(
        new PackedFiles()
            .sparse("root.qcow2", Files.readAllBytes(exported.resolve("root.qcow2")))
            .file(ENVELOPE, Files.readAllBytes(exported.resolve(ENVELOPE)))
            .toBytes(),
        new PackedFiles()
            .file("base.qcow2", Files.readAllBytes(base))
            .sparse("overlay.qcow2", Files.readAllBytes(overlay))
            .file("cocoon.json", "{'storage_configs':[{'role':'cow'}]}")
            .file(ENVELOPE, "{'version':1,'config':{'id':'X','hypervisor':'cloud-hypervisor'}}")
            .toBytes());
  }

  /** What an exported directory says of itself. */
  List<byte[]> envelopes() throws IOException {
    return List.of(Files.readAllBytes(exported().resolve(ENVELOPE)));
  }

  /** A disk that needs no other, as {@code qemu-img} makes it. */
  byte[] ownDisk() throws IOException {
    Path own = bench.path("own.qcow2");
    bench
        .qemu()
        .img("convert", "-O", "qcow2", "-o", SMALL, disk.toString(), own.toString())
        .orFail();
    return Files.readAllBytes(own);
  }

  /** What the program says in an archive, of a disk of these bytes. */
  byte[] manifestOf(byte[] disk) throws IOException {
    // It is the first member, and zeros follow it.
    String archive = new String(archive("none"), UTF_8);
    int start = archive.indexOf('{');
    String text = archive.substring(start, archive.indexOf('\0', start));
    Sha256 sum = new Sha256();
    sum.add(ByteBuffer.wrap(disk));
    return text.replaceFirst(DIGEST, sum.text()).getBytes(UTF_8);
  }

  private byte[] archive(String compression) throws IOException {
    Path archive = bench.path(compression + ".boxlite");
    Files.deleteIfExists(archive);
    String _ = box.ok("export", "web", "-o", archive.toString(), "--compress", compression);
    return Files.readAllBytes(archive);
  }

  private Path exported() {
    Path exported = bench.path("exported");
    if (!Files.exists(exported)) {
      String _ = box.ok("export", "web", "--to-dir", exported.toString());
    }
    return exported;
  }
}

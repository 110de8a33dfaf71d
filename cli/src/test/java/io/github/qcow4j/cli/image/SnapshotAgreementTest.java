package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.image.SameCommand.Outcome;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.HeldImage;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code snapshot} does to an image what qemu-img does, and says the same. */
final class SnapshotAgreementTest {

  private static final QemuTools QEMU = QemuTools.require();

  @TempDir static Path directory;

  private static SameCommand commands;

  @BeforeAll
  static void makeImages() throws IOException {
    commands = new SameCommand(QEMU, directory);
    Workbench bench = Workbench.in(commands.master());
    bench.image("empty.qcow2", "", 1 << 20);
    Path some = bench.image("some.qcow2", "", 1 << 20, "write -P 1 0 128k");
    bench.snapshot(some, "2");
    bench.write(some, "write -P 2 64k 128k");
    bench.snapshot(some, "1");
    bench.write(some, "write -P 3 512k 64k", "write -z 0 64k");
    bench.snapshot(some, "twice");
    bench.snapshot(some, "twice");
    bench.write(some, "discard 64k 64k", "write -P 4 900k 4k");
    Path old = bench.image("old.qcow2", "compat=0.10,cluster_size=4k", 1 << 20, "write -P 1 0 9k");
    bench.snapshot(old, "a");
    Path sub = bench.image("sub.qcow2", "extended_l2=on", 1 << 20, "write -P 1 3k 9k");
    bench.snapshot(sub, "a");
    bench.write(sub, "write -P 2 8k 2k");
    Path grown = bench.image("grown.qcow2", "", 1 << 20, "write -P 1 0 64k");
    bench.snapshot(grown, "small");
    QEMU.img("resize", "-q", grown.toString(), "700M").orFail();
    bench.write(grown, "write -P 2 600M 64k");
    bench.image("narrow.qcow2", "refcount_bits=1", 1 << 20, "write -P 1 0 64k");
    Path tracked = bench.image("tracked.qcow2", "", 1 << 20, "write -P 1 0 64k");
    bench.snapshot(tracked, "a");
    QEMU.img("bitmap", "--add", tracked.toString(), "b").orFail();
    bench.file("disk.raw", new byte[1 << 20]);
    makeDamaged(bench);
  }

  private static void makeDamaged(Workbench bench) throws IOException {
    Path full = bench.image("full.qcow2", "", 1 << 20);
    change(full, header -> header.putInt(60, 65_536).putLong(64, 1 << 24));
    Path far = bench.image("far.qcow2", "", 1 << 20, "write 0 64k");
    change(far, bytes -> bytes.putLong((int) l2Offset(bytes), 0x8000_00FF_FFFF_0000L));
    Path torn = bench.image("torn.qcow2", "", 1 << 20, "write 0 64k");
    bench.snapshot(torn, "lost");
    change(torn, bytes -> bytes.putLong((int) bytes.getLong(64), 0x400200));
    Path tooLong = bench.image("long.qcow2", "", 1 << 20, "write 0 64k");
    bench.snapshot(tooLong, "lost");
    change(tooLong, bytes -> bytes.putInt((int) bytes.getLong(64) + 8, 0x1000_0000));
  }

  private static long l2Offset(ByteBuffer image) {
    return image.getLong((int) image.getLong(40)) & 0x00FF_FFFF_FFFF_FE00L;
  }

  private static void change(Path image, Consumer<ByteBuffer> surgery) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(image));
    surgery.accept(bytes);
    Files.write(image, bytes.array());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-c a @empty.qcow2",
        "-c 1 @empty.qcow2",
        "-c a @some.qcow2",
        "-c twice @some.qcow2",
        "-q -c a @some.qcow2",
        "-c a @old.qcow2",
        "-c b @sub.qcow2",
        "-c b @grown.qcow2",
        "-c b @tracked.qcow2",
        "-c b --image-opts driver=qcow2,file.filename=@some.qcow2",
        "-a 1 @some.qcow2",
        "-a 2 @some.qcow2",
        "-a twice @some.qcow2",
        "-a 4 @some.qcow2",
        "-a a @old.qcow2",
        "-a a @sub.qcow2",
        "-a small @grown.qcow2",
        "-d 1 @some.qcow2",
        "-d 2 @some.qcow2",
        "-d twice @some.qcow2",
        "-d a @old.qcow2",
        "-d a @sub.qcow2",
        "-d small @grown.qcow2",
        "-d a @tracked.qcow2",
        "-l @some.qcow2",
        "-l @disk.raw",
      })
  void doesWhatQemuImgDoes(String line) throws IOException {
    Outcome outcome = commands.run("snapshot " + line).succeeded();
    String name = line.substring(line.lastIndexOf('@') + 1);
    if (name.endsWith(".raw")) {
      return;
    }
    Path theirs = outcome.theirDirectory().resolve(name);
    Path ours = outcome.ourDirectory().resolve(name);
    QEMU.assertCheckClean(ours);
    assertThat(snapshots(ours)).isEqualTo(snapshots(theirs));
    assertSameContent(theirs, ours);
    for (String id : ids(theirs)) {
      assertSameContent(theirs, ours, "-l", "snapshot.id=" + id);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "-c",
        "-c a",
        "-c a @some.qcow2 @empty.qcow2",
        "-x @some.qcow2",
        "-c a -d b @some.qcow2",
        "-l -c a @some.qcow2",
        "-a a -a b @some.qcow2",
        "-c a @gone",
        "-c a foo:bar",
        "-c a @narrow.qcow2",
        "-c a --image-opts @some.qcow2",
        "--object foo -c b @some.qcow2",
        "-c a @full.qcow2",
        "-c a @far.qcow2",
        "-a lost @torn.qcow2",
        "-d lost @torn.qcow2",
        "-a lost @long.qcow2",
        "-d lost @long.qcow2",
        "-a nope @some.qcow2",
        "-a 5 @some.qcow2",
        "-a '' @some.qcow2",
        "-a a @tracked.qcow2",
        "-a a @narrow.qcow2",
        "-d nope @some.qcow2",
        "-d 3 @some.qcow2",
        "-d '' @some.qcow2",
        "-q -d nope @some.qcow2",
        "-U -c b @some.qcow2",
        "-c a @disk.raw",
        "-d a @disk.raw",
        "-c a --image-opts driver=raw,file.filename=@disk.raw",
        "-a a --image-opts driver=raw,file.filename=@disk.raw",
        "-d a --image-opts driver=raw,file.filename=@disk.raw",
      })
  void refusesWhatQemuImgRefuses(String line) {
    commands.run("snapshot " + line).agreed();
  }

  @Test
  void aLongNameIsCutAsQemuCutsIt() throws IOException {
    Outcome outcome = commands.run("snapshot -c " + "n".repeat(300) + " @empty.qcow2").succeeded();
    assertThat(snapshots(outcome.ourDirectory().resolve("empty.qcow2")))
        .isEqualTo(snapshots(outcome.theirDirectory().resolve("empty.qcow2")))
        .contains("n".repeat(255) + " ");
  }

  @Test
  void anImageInUseIsNotChanged() throws IOException {
    Path image =
        Files.copy(commands.master().resolve("some.qcow2"), directory.resolve("held.qcow2"));
    byte[] before = Files.readAllBytes(image);
    try (HeldImage holder = HeldImage.open(image, "qcow2", "-r")) {
      for (String action : List.of("-c", "-a", "-d")) {
        OurRun run = OurRun.asQemuImg("snapshot", action, "1", image.toString());
        assertThat(run.stderr())
            .isEqualTo(QEMU.img("snapshot", action, "1", image.toString()).stderr());
        assertThat(run.exitCode()).isEqualTo(1);
      }
      assertThat(holder).isNotNull();
    }
    assertThat(Files.readAllBytes(image)).isEqualTo(before);
  }

  /** The list without the moments at which snapshots were taken. */
  private static String snapshots(Path image) {
    return QEMU.img("snapshot", "-l", image.toString())
        .orFail()
        .stdout()
        .replaceAll("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}", "DATE");
  }

  private static List<String> ids(Path image) {
    return snapshots(image).lines().skip(2).map(row -> row.split(" ", 2)[0]).toList();
  }

  private static void assertSameContent(Path theirs, Path ours, String... options)
      throws IOException {
    Path left = directory.resolve("left.raw");
    Path right = directory.resolve("right.raw");
    QEMU.convertToRaw(theirs, "qcow2", left, options);
    QEMU.convertToRaw(ours, "qcow2", right, options);
    assertThat(QEMU.rawFilesEqual(left, right)).as(String.join(" ", options)).isTrue();
    Files.delete(left);
    Files.delete(right);
  }
}

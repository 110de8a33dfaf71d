package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code amend} says what qemu-img says, and leaves what it leaves. */
final class AmendAgreementTest {

  private static final List<String> COMMANDS =
      List.of(
          "amend -o compat=0.10 @disk",
          "amend -o compat=v2 @disk",
          "amend -o compat=1.1 @disk",
          "amend -o compat=v3 @old",
          "amend -o compat=1.1,refcount_bits=64,lazy_refcounts=on @old",
          "amend -o compat=0.42 @disk",
          "amend -o compat @disk",
          "amend -o foo=bar @disk",
          "amend -o cluster_size=128k @disk",
          "amend -o cluster_size=x @disk",
          "amend -o compression_type=zstd @disk",
          "amend -o extended_l2=on @disk",
          "amend -o preallocation=full @disk",
          "amend -o nocow=on @disk",
          "amend -o encryption=on @disk",
          "amend -o encrypt.format=luks @disk",
          "amend -o encrypt.state=active @disk",
          "amend -o encrypt.keyslot=x @disk",
          "amend -o encrypt.iter-time=5 @disk",
          "amend -o size=4M @disk",
          "amend -o size=1.5M @disk",
          "amend -o size=512k @disk",
          "amend -o size=1000 @disk",
          "amend -o size=0 @disk",
          "amend -o size=x @disk",
          "amend -o size=-1 @disk",
          "amend -o lazy_refcounts=on @disk",
          "amend -o lazy_refcounts @disk",
          "amend -o lazy_refcounts=maybe @disk",
          "amend -o lazy_refcounts=on @old",
          "amend -o lazy_refcounts=on,compat=0.10 @disk",
          "amend -o refcount_bits=64 @disk",
          "amend -o refcount_bits=1 @disk",
          "amend -o refcount_bits=1 @snapshots",
          "amend -o refcount_bits=7 @disk",
          "amend -o refcount_bits=128 @disk",
          "amend -o refcount_bits=0 @disk",
          "amend -o refcount_bits=-1 @disk",
          "amend -o refcount_bits=x @disk",
          "amend -o refcount_bits=8 @old",
          "amend -o refcount_bits=8,compat=0.10 @disk",
          "amend -o compat=0.10 @wide",
          "amend -o compat=0.10,refcount_bits=16 @wide",
          "amend -o compat=0.10 @snapshots",
          "amend -o compat=0.10 @resized",
          "amend -o compat=0.10 @torn",
          "amend -o compat=0.10 @extended",
          "amend -o compat=0.10 @overlay",
          "amend -o backing_file=x @disk",
          "amend -o backing_fmt=raw @disk",
          "amend -o backing_file=base @overlay",
          "amend -o backing_file=base,backing_fmt=raw @overlay",
          "amend -o backing_file= @overlay",
          "amend -o data_file=x @disk",
          "amend -o data_file_raw=on @disk",
          "amend -o data_file_raw=off @disk",
          "amend @disk",
          "amend -o compat=1.1",
          "amend -o compat=1.1 @disk @old",
          "amend -o help @disk",
          "amend -o ? @disk",
          "amend -f qcow2 -o help",
          "amend -f raw -o help",
          "amend -o help",
          "amend -o help @missing",
          "amend -f raw -o size=1M @base",
          "amend -o size=1M @missing",
          "amend -f foo -o size=1M @disk",
          "amend -p -o compat=1.1 @disk",
          "amend -p -o refcount_bits=7 @disk",
          "amend -p -o compat=0.10 @resized",
          "amend -q -p -o compat=0.10 @resized",
          "amend -q -o lazy_refcounts=on @disk",
          "amend -t foo -o compat=1.1 @disk",
          "amend -t none -o compat=1.1 @disk",
          "amend --force -o compat=1.1 @disk",
          "amend -o  @disk",
          "amend -o , @disk",
          "amend -o compat=1.1 -o refcount_bits=32 @disk",
          "amend --image-opts -o refcount_bits=32 driver=qcow2,file.filename=@disk");

  private static final List<String> IMAGES =
      List.of("disk", "old", "wide", "snapshots", "resized", "extended", "overlay");

  private final QemuTools qemu = QemuTools.require();
  private SameCommand same;

  @TempDir Path directory;

  @BeforeEach
  void makeImages() throws Exception {
    same = new SameCommand(qemu, directory);
    qemu.create(image("disk"), "", 1 << 20);
    qemu.io(
        image("disk"), "write 0 64k", "write -z 128k 64k", "write 300k 10k", "write -z 256k 64k");
    qemu.create(image("old"), "compat=0.10", 1 << 20);
    qemu.create(image("wide"), "refcount_bits=64", 1 << 20);
    Files.copy(image("disk"), image("snapshots"));
    qemu.img("snapshot", "-c", "s", image("snapshots").toString()).orFail();
    ByteBuffer torn = ByteBuffer.wrap(Files.readAllBytes(image("snapshots")));
    torn.putLong((int) torn.getLong(64), 0x400200);
    Files.write(image("torn"), torn.array());
    Files.copy(image("snapshots"), image("resized"));
    qemu.img("resize", "-q", image("resized").toString(), "2M").orFail();
    qemu.create(image("extended"), "extended_l2=on", 1 << 20);
    qemu.img("create", "-q", "-f", "raw", image("base").toString(), "1M").orFail();
    qemu.ioFormat("raw", image("base"), "write 0 1M");
    qemu.createOverlay(image("overlay"), "", "base", "raw");
    qemu.io(image("overlay"), "write -z 64k 128k", "write 400k 64k", "write -z 400k 64k");
  }

  /** Nothing is to be asked then. */
  private boolean isAsMade(String image, Path now) throws IOException {
    return Files.mismatch(image(image), now) < 0;
  }

  private Path image(String name) {
    return same.master().resolve(name);
  }

  @Test
  void everyCommandSaysAndLeavesTheSame() throws IOException {
    for (String command : COMMANDS) {
      SameCommand.Outcome outcome = same.run(command).agreed();
      for (String image : IMAGES) {
        Path ours = outcome.ourDirectory().resolve(image);
        Path theirs = outcome.theirDirectory().resolve(image);
        if (isAsMade(image, ours) && isAsMade(image, theirs)) {
          continue;
        }
        qemu.assertCheckClean(ours);
        assertThat(info(ours)).as("%s after %s", image, command).isEqualTo(info(theirs));
        assertThat(qemu.img("compare", ours.toString(), theirs.toString()).stdout())
            .as("%s after %s", image, command)
            .isEqualTo("Images are identical.\n");
      }
    }
  }

  @Test
  void bitmapsThatVersion2CannotHoldLeaveNoLeaks() {
    qemu.img("bitmap", "--add", image("disk").toString(), "b").orFail();
    SameCommand.Outcome outcome = same.run("amend -o compat=0.10 @disk").succeeded();
    qemu.assertCheckClean(outcome.ourDirectory().resolve("disk"));
  }

  @Test
  void compressedClustersThatVersion2CannotReadAreNotHandedToIt() {
    qemu.create(image("packed"), "compression_type=zstd", 1 << 20);
    qemu.io(image("packed"), "write -c -P 3 64k 64k");
    assertThat(same.run("amend -o compat=0.10 @packed").agreed().ours().exitCode()).isEqualTo(1);
    qemu.img("snapshot", "-c", "s", image("packed").toString()).orFail();
    qemu.io(image("packed"), "write -P 4 64k 64k");
    // qemu-img goes on, and nobody can read the snapshot then.
    assertThat(same.run("amend -o compat=0.10 @packed").ours().stderr())
        .contains("zstd compression type and existing compressed clusters");
  }

  @Test
  void whereNothingIsCompressedZstdBecomesZlib() {
    qemu.create(image("plain"), "compression_type=zstd", 1 << 20);
    qemu.io(image("plain"), "write -P 3 64k 64k", "write -z 256k 64k");
    SameCommand.Outcome outcome = same.run("amend -o compat=0.10 @plain").succeeded();
    Path ours = outcome.ourDirectory().resolve("plain");
    qemu.assertCheckClean(ours);
    assertThat(info(ours)).isEqualTo(info(outcome.theirDirectory().resolve("plain")));
  }

  @Test
  void aRefcountWidthIsInTheWayOfVersion2BeforeADataFileIs() {
    String data = image("data").toString();
    qemu.create(image("outside"), "refcount_bits=8,data_file=" + data, 1 << 20);
    SameCommand.Outcome outcome = same.run("amend -o compat=0.10 @outside").agreed();
    assertThat(outcome.ours().exitCode()).isEqualTo(1);
  }

  private String info(Path image) {
    return qemu.img("info", "-U", "--output=json", image.toString())
        .stdout()
        .replace(image.getParent().toString(), "")
        .replaceAll("\"actual-size\": \\d+", "");
  }
}

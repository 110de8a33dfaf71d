package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same convert command gives what qemu-img gives: words, exit code, and what a guest reads. */
final class ConvertAgreementTest {

  @TempDir static Path directory;

  private static final QemuTools QEMU = QemuTools.require();

  private static SameCommand same;

  @BeforeAll
  static void makeSources() throws Exception {
    same = new SameCommand(QEMU, directory);
    Path master = same.master();
    QEMU.img("create", "-q", "-f", "raw", master.resolve("src.raw").toString(), "3M").orFail();
    QEMU.ioFormat(
        "raw", master.resolve("src.raw"), "write -P 1 0 200k", "write -P 2 1M 68k", "write 2M 64k");
    Path base = master.resolve("base.qcow2");
    QEMU.create(base, "", 3 << 20);
    QEMU.io(base, "write -P 3 64k 1M");
    QEMU.in(master).createOverlay(Path.of("over.qcow2"), "", "base.qcow2", "qcow2");
    QEMU.io(master.resolve("over.qcow2"), "write -P 4 128k 64k", "write -z 256k 128k");
    QEMU.img("snapshot", "-c", "one", master.resolve("over.qcow2").toString()).orFail();
    QEMU.io(master.resolve("over.qcow2"), "write -P 5 1M 1M");
    Path marked = master.resolve("marked.qcow2");
    QEMU.create(marked, "", 4 << 20);
    QEMU.img("bitmap", "--add", "-g", "32k", marked.toString(), "follows").orFail();
    QEMU.io(marked, "write -P 7 1M 300k");
    QEMU.img("bitmap", "--add", "--disable", marked.toString(), "stands").orFail();
    Files.copy(marked, master.resolve("marked-too.qcow2"));
    Path broken = master.resolve("broken.qcow2");
    Files.copy(marked, broken);
    // The in-use flag of the first bitmap.
    byte[] bytes = Files.readAllBytes(broken);
    int directory = directoryOffset(bytes);
    bytes[directory + 15] |= 1;
    Files.write(broken, bytes);
    Path twice = master.resolve("twice-broken.qcow2");
    bytes[directory + 24 + 8 + 15] |= 1;
    Files.write(twice, bytes);
    QEMU.in(master)
        .img("create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", "long.qcow2", "40M")
        .orFail();
    QEMU.io(master.resolve("long.qcow2"), "write -P 8 20M 64k", "write -z 30M 1M");
    Path parts = master.resolve("parts.qcow2");
    QEMU.create(parts, "", 32 << 20);
    QEMU.io(parts, "write 0 1M", "write 7M 1M", "write 15M 1M", "write -z 17M 1M", "write 30M 1M");
    Path full = master.resolve("full.qcow2");
    QEMU.create(full, "", 4 << 20);
    QEMU.io(full, "write -P 6 0 4M");
    QEMU.create(master.resolve("small.qcow2"), "", 1 << 20);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "convert",
        "convert @src.raw",
        "convert -O qcow2 @nothere @target",
        "convert -O foo @src.raw @target",
        "convert -O foo -n @src.raw @target",
        "convert -O qcow2 @src.raw foo:target",
        "convert -O qcow2 -o foo=3M @src.raw @target",
        "convert -O qcow2 -o cluster_size=3000 @src.raw @target",
        "convert -O qcow2 -o cluster_size=abc @src.raw @target",
        "convert -O qcow2 -o cluster_size=99999999999999999999 @src.raw @target",
        "convert -O qcow2 -o cluster_size=18446744073709551615 @src.raw @target",
        "convert -O qcow2 -o cluster_size=64k, @src.raw @target",
        "convert -O qcow2 -o compat=3 @src.raw @target",
        "convert -O qcow2 -o preallocation=some @src.raw @target",
        "convert -O qcow2 -o lazy_refcounts=maybe @src.raw @target",
        "convert -O raw -o preallocation=metadata @src.raw @target",
        "convert -O raw -o preallocation=some @src.raw @target",
        "convert -O qcow2 -o encryption=on @src.raw @target",
        "convert -O qcow2 -o lazy_refcounts,compat=0.10 @src.raw @target",
        "convert -O qcow2 -o refcount_bits=3 @src.raw @target",
        "convert -O qcow2 -o refcount_bits=-1 @src.raw @target",
        "convert -O qcow2 -o refcount_bits=8,compat=v2 @src.raw @target",
        "convert -O qcow2 -o extended_l2=on,compat=v2 @src.raw @target",
        "convert -O qcow2 -o extended_l2=on,cluster_size=4k @src.raw @target",
        "convert -O qcow2 -o compression_type=lz4 @src.raw @target",
        "convert -O qcow2 -o compression_type=zstd,compat=v2 @src.raw @target",
        "convert -O qcow2 -o backing_file=base.qcow2 @src.raw @target",
        "convert -O qcow2 -B base.qcow2 @src.raw @target",
        "convert -O qcow2 -F qcow2 @src.raw @target",
        "convert -O qcow2 -B @nothere -F qcow2 @src.raw @target",
        "convert -O qcow2 -B base.qcow2 -F foo @src.raw @target",
        "convert -O qcow2 -B base.qcow2 -F qcow2 @src.raw @src.raw @target",
        "convert -B base.qcow2 -F qcow2 @src.raw @target",
        "convert -F qcow2 @src.raw @target",
        "convert -c @src.raw @target",
        "convert -c -n @src.raw @small.qcow2",
        "convert -c -O qcow2 -o preallocation=full @src.raw @target",
        "convert -c -O qcow2 -o encryption=on @src.raw @target",
        "convert -c -O qcow2 -o encrypt.format=luks @src.raw @target",
        "convert -C -c -O qcow2 @src.raw @target",
        "convert -C -S 4k -O qcow2 @src.raw @target",
        "convert -C --salvage -O qcow2 @src.raw @target",
        "convert -S 100 -O qcow2 @src.raw @target",
        "convert -S 17M -O qcow2 @src.raw @target",
        "convert -S foo -O qcow2 @src.raw @target",
        "convert -m 0 -O qcow2 @src.raw @target",
        "convert -m 17 -O qcow2 @src.raw @target",
        "convert -r x -O qcow2 @src.raw @target",
        "convert -n -O qcow2 @src.raw @nothere",
        "convert -n -O qcow2 @src.raw @src.raw",
        "convert -n -O qcow2 @src.raw @small.qcow2",
        "convert -n -O qcow2 -o compat=v3 @src.raw @small.qcow2",
        "convert -n @src.raw @small.qcow2",
        "convert --target-is-zero -O qcow2 @src.raw @target",
        "convert --target-image-opts @src.raw driver=qcow2,file.filename=@target",
        "convert -n --target-image-opts -O qcow2 @src.raw driver=qcow2,file.filename=@full.qcow2",
        "convert -n --target-image-opts @src.raw driver=qcow2,file.filename=@nothere",
        "convert --skip-broken-bitmaps -O qcow2 @src.raw @target",
        "convert --bitmaps -O qcow2 @src.raw @target",
        "convert --bitmaps -O raw @base.qcow2 @target",
        "convert --bitmaps -O qcow2 -o compat=v2 @marked.qcow2 @target",
        "convert --bitmaps -O qcow2 @broken.qcow2 @target",
        "convert --bitmaps -O qcow2 @twice-broken.qcow2 @target",
        "convert --bitmaps -O qcow2 @base.qcow2 @base.qcow2 @target",
        "convert -l one -O qcow2 @over.qcow2 @over.qcow2 @target",
        "convert -l two -O qcow2 @over.qcow2 @target",
        "convert -l one -O qcow2 @src.raw @target",
        "convert -t foo -O qcow2 @src.raw @target",
        "convert -T foo -O qcow2 @src.raw @target",
        "convert -O qcow2 @src.raw @nothere/target",
        "convert -O qcow2 @src.raw @src.raw",
        "convert -O qcow2 @over.qcow2 @base.qcow2",
        "convert -f qcow2 -O qcow2 @src.raw @target",
        "convert --image-opts -f raw -O qcow2 @src.raw @target",
        "convert -o help -O foo @src.raw @target",
        "convert -o help -O bochs @src.raw @target",
        "convert -O dmg @src.raw @target",
        "measure -O cloop @src.raw",
      })
  void wrongUsagesAreRefusedInTheSameWords(String line) {
    SameCommand.Outcome outcome = same.run(line);
    assertThat(outcome.theirs().exitCode()).isEqualTo(1);
    outcome.agreed();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "convert -O qcow2 @src.raw @target",
        "convert -O qcow2 -f raw @src.raw @target",
        "convert -q -p -O qcow2 @full.qcow2 @target",
        "convert -O qcow2 -o size=1M @src.raw @target",
        "convert -O qcow2 -o compat=v2,cluster_size=512 @over.qcow2 @target",
        "convert -O qcow2 -o compat=0.10 -o cluster_size=4096 @over.qcow2 @target",
        "convert -O qcow2 -o extended_l2=on,refcount_bits=64 @over.qcow2 @target",
        "convert -O qcow2 -o refcount_bits=0x1,cluster_size=2M @over.qcow2 @target",
        "convert -O qcow2 -o lazy_refcounts @over.qcow2 @target",
        "convert -O qcow2 -o nolazy_refcounts,nocow=on @over.qcow2 @target",
        "convert -c -O qcow2 @over.qcow2 @target",
        "convert -c -W -m 16 -O qcow2 @over.qcow2 @target",
        "convert -c -O qcow2 -o compression_type=zstd,cluster_size=4k @over.qcow2 @target",
        "convert -S 0 -O qcow2 @src.raw @target",
        "convert -S 64k -O qcow2 @src.raw @target",
        "convert -r 1G -t none -T none -O qcow2 @src.raw @target",
        "convert -C -O qcow2 @src.raw @target",
        "convert -l one -O qcow2 @over.qcow2 @target",
        "convert -l snapshot.name=one -O qcow2 @over.qcow2 @target",
        "convert -O qcow2 -B base.qcow2 -F qcow2 @over.qcow2 @target",
        "convert -c -O qcow2 -B base.qcow2 -F qcow2 @over.qcow2 @target",
        "convert -O qcow2 -o backing_file=base.qcow2,backing_fmt=qcow2 @over.qcow2 @target",
        "convert -O qcow2 -B base.qcow2 -F qcow2 @src.raw @target",
        "convert -O qcow2 -B src.raw -F raw @over.qcow2 @target",
        "convert -O qcow2 @src.raw @over.qcow2 @full.qcow2 @target",
        "convert -c -O qcow2 @src.raw @over.qcow2 @target",
        "convert -O raw @src.raw @over.qcow2 @full.qcow2 @target",
        "convert --image-opts -O qcow2 driver=qcow2,file.filename=@over.qcow2 @target",
        "convert -O qcow2 @over.qcow2 @full.qcow2",
        "convert -O qcow2 -o preallocation=metadata @src.raw @target",
        "convert --bitmaps -O qcow2 @marked.qcow2 @target",
        "convert --bitmaps -c -O qcow2 -o cluster_size=4k @marked.qcow2 @target",
        "convert --bitmaps --skip-broken-bitmaps -O qcow2 @broken.qcow2 @target",
        "convert --bitmaps --skip-broken-bitmaps -O qcow2 @twice-broken.qcow2 @target",
        "convert --bitmaps -O qcow2 @base.qcow2 @target",
        "convert --bitmaps -n -O qcow2 @marked.qcow2 @full.qcow2",
        "convert -O qcow2 -o preallocation=falloc @over.qcow2 @target",
        "convert -O qcow2 -o preallocation=full,cluster_size=4k @over.qcow2 @target",
        "convert -O raw -o preallocation=falloc @over.qcow2 @target",
        "convert -O raw -o preallocation=full @over.qcow2 @target",
      })
  void theSameIsMadeOfTheSame(String line) {
    SameCommand.Outcome outcome = same.run(line).succeeded();
    assertSameImage(outcome, line.endsWith("@full.qcow2") ? "full.qcow2" : "target");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "convert -n -O qcow2 @src.raw @full.qcow2",
        "convert -n -O qcow2 @over.qcow2 @full.qcow2",
        "convert -n -S 0 -O qcow2 @over.qcow2 @full.qcow2",
        "convert -n -O qcow2 @full.qcow2 @full.qcow2 @small.qcow2 @target",
        "convert -n --target-image-opts @src.raw driver=qcow2,file.filename=@full.qcow2",
        "convert -n -O raw @over.qcow2 @src.raw",
      })
  void whatIsThereIsWrittenInPlace(String line) {
    SameCommand.Outcome outcome = same.run(line).agreed();
    if (outcome.theirs().exitCode() == 0) {
      assertSameImage(outcome, line.endsWith("@src.raw") ? "src.raw" : "full.qcow2");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "convert -O qcow2 -o data_file=@data @over.qcow2 @target",
        "convert -O qcow2 -o preallocation=metadata,data_file=@data @over.qcow2 @target",
        "convert -O qcow2 -o data_file=@data,data_file_raw=on @over.qcow2 @target",
      })
  void dataGoToAFileOfTheirOwn(String line) {
    SameCommand.Outcome outcome = same.run(line).succeeded();
    Path ours = outcome.ourDirectory();
    QEMU.assertCheckClean(ours.resolve("target"));
    assertThat(
            QEMU.in(ours).img("compare", "-F", "qcow2", "over.qcow2", "target").orFail().stdout())
        .isEqualTo("Images are identical.\n");
    if (line.contains("data_file_raw=on")) {
      assertThat(QEMU.in(ours).img("compare", "-F", "raw", "over.qcow2", "data").stdout())
          .isEqualTo("Images are identical.\n");
    }
  }

  @Test
  void aBitmapThatIsThereAlreadyIsNotReplaced() {
    SameCommand.Outcome outcome =
        same.run("convert --bitmaps -n -O qcow2 @marked.qcow2 @marked-too.qcow2");
    assertThat(outcome.ours().exitCode()).isEqualTo(outcome.theirs().exitCode()).isEqualTo(1);
    // Which of the two is met first differs.
    assertThat(outcome.theirs().stderr().replace("stands", "follows"))
        .isEqualTo(outcome.ours().stderr());
    QEMU.assertCheckClean(outcome.ourDirectory().resolve("marked-too.qcow2"));
  }

  @Test
  void compressedClustersAreWrittenInPlaceToo() throws Exception {
    SameCommand.Outcome outcome =
        same.run("convert -n -c -O qcow2 --target-is-zero @small.qcow2 @src.raw @full.qcow2");
    Path full = outcome.ourDirectory().resolve("full.qcow2");
    assertThat(outcome.ours().exitCode()).isZero();
    QEMU.assertCheckClean(full);
    assertThat(Files.size(full)).isPositive();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "convert -c -S 0 -O qcow2 @src.raw @target",
        "convert -S 0 -O qcow2 @full.qcow2 @target",
        "convert -O qcow2 @full.qcow2 @target",
      })
  void clustersStandWhereAndHowQemuImgPutsThem(String line) {
    SameCommand.Outcome outcome = same.run(line).succeeded();
    assertThat(QEMU.mapJson(outcome.ourDirectory().resolve("target")))
        .isEqualTo(QEMU.mapJson(outcome.theirDirectory().resolve("target")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "convert -O qcow2 -B base.qcow2 -F qcow2 @long.qcow2 @target",
        "convert -O qcow2 -o compat=v2 -B base.qcow2 -F qcow2 @long.qcow2 @target",
        "convert -O qcow2 -B src.raw -F raw @long.qcow2 @target",
        "convert -O qcow2 -c -o compat=v2 -B base.qcow2 -F qcow2 @long.qcow2 @target",
      })
  void zerosBehindTheEndOfTheBackingFileTakeNoClusters(String line) throws Exception {
    SameCommand.Outcome outcome = same.run(line).succeeded();
    Path ours = outcome.ourDirectory().resolve("target");
    QEMU.assertCheckClean(ours);
    // Compressed streams differ by a few bytes.
    assertThat(Files.size(ours) >>> 16)
        .isEqualTo(Files.size(outcome.theirDirectory().resolve("target")) >>> 16);
    assertThat(
            QEMU.in(outcome.ourDirectory()).img("compare", "../theirs/target", "target").stdout())
        .isEqualTo("Images are identical.\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "convert -p -O qcow2 @parts.qcow2 @target",
        "convert -p -O raw @parts.qcow2 @target",
        "convert -p -O qcow2 -B base.qcow2 -F qcow2 @long.qcow2 @target",
        "convert -p -O qcow2 @small.qcow2 @target",
      })
  void progressCountsWhatIsWritten(String line) {
    same.run(line).succeeded();
  }

  @Test
  void aTargetSaidToBeZeroIsNotOneWithABackingFile() {
    SameCommand.Outcome outcome =
        same.run("convert -n --target-is-zero -O qcow2 -B base.qcow2 @src.raw @full.qcow2");
    assertThat(outcome.ours().stderr()).isEqualTo(outcome.theirs().stderr());
    // That of 7.2 says it too, but forgets to fail.
    assertThat(outcome.ours().exitCode()).isEqualTo(1);
  }

  /** It was an internal error. */
  @Test
  void sourcesThatAreTooLargeTogetherAreRefused() {
    SameCommand.Outcome outcome = same.run("create -q -f qcow2 -o cluster_size=2M @huge.qcow2 2E");
    assertThat(outcome.ours().exitCode()).isZero();
    String huge = outcome.ourDirectory().resolve("huge.qcow2").toString();
    for (String format : List.of("raw", "qcow2")) {
      Path target = outcome.ourDirectory().resolve("too-large." + format);
      OurRun run =
          OurRun.asQemuImg(
              "convert -O %s %s%s".formatted(format, (huge + " ").repeat(5), target).split(" "));
      assertThat(run.exitCode()).isEqualTo(1);
      assertThat(run.stderr()).contains("too large together").hasLineCount(1);
      assertThat(target).doesNotExist();
    }
  }

  private static void assertSameImage(SameCommand.Outcome outcome, String file) {
    Path theirs = outcome.theirDirectory().resolve(file);
    Path ours = outcome.ourDirectory().resolve(file);
    String format = QEMU.infoJson(ours).contains("\"format\": \"raw\"") ? "raw" : "qcow2";
    if (format.equals("qcow2")) {
      QEMU.assertCheckClean(ours);
      assertThat(facts(ours)).isEqualTo(facts(theirs));
    }
    assertThat(
            QEMU.img("compare", "-f", format, "-F", format, theirs.toString(), ours.toString())
                .stdout())
        .isEqualTo("Images are identical.\n");
  }

  /** The bitmaps extension has the directory's offset in its last eight bytes. */
  private static int directoryOffset(byte[] image) {
    ByteBuffer bytes = ByteBuffer.wrap(image);
    int position = bytes.getInt(100);
    while (bytes.getInt(position) != 0x23852875) {
      position += 8 + ((bytes.getInt(position + 4) + 7) & ~7);
    }
    return (int) bytes.getLong(position + 24);
  }

  private static String facts(Path image) {
    return QEMU.img("info", image.toString())
        .stdout()
        .replaceFirst("disk size: .*", "")
        .replace(image.getParent().toString(), "");
  }
}

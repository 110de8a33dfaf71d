package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.qcow2.testing.QemuTools;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same dd command gives what qemu-img gives: words, exit code, size, and every byte. */
final class DdAgreementTest {

  @TempDir static Path directory;

  private static final QemuTools QEMU = QemuTools.require();

  private static SameCommand same;

  @BeforeAll
  static void makeSources() throws Exception {
    same = new SameCommand(QEMU, directory);
    Path raw = same.master().resolve("src.raw");
    QEMU.img("create", "-q", "-f", "raw", raw.toString(), "1M").orFail();
    QEMU.ioFormat("raw", raw, "write -P 1 0 200k", "write -P 2 500k 68k");
    Path qcow2 = same.master().resolve("src.qcow2");
    QEMU.create(qcow2, "cluster_size=4k", 3 << 20);
    QEMU.io(qcow2, "write -P 3 64k 1M", "write -c -P 4 2M 4k");
    Files.write(same.master().resolve("odd.raw"), new byte[] {1, 2, 3});
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "dd",
        "dd foo",
        "dd foo=1",
        "dd if=@src.raw",
        "dd of=@target",
        "dd if=@src.raw of=@target bs=0",
        "dd if=@src.raw of=@target bs=-1",
        "dd if=@src.raw of=@target bs=x",
        "dd if=@src.raw of=@target bs=4G",
        "dd if=@src.raw of=@target count=-1",
        "dd if=@src.raw of=@target count=1x",
        "dd if=@src.raw of=@target skip=1x",
        "dd if=@nothere of=@target",
        "dd if=@src.raw of=foo:target",
        "dd -O foo if=@src.raw of=@target",
        "dd if=@src.raw of=@nothere/target",
        "dd -f qcow2 if=@src.raw of=@target",
        "dd --image-opts -f raw if=driver=raw,file.filename=@src.raw of=@target",
        "dd -x if=@src.raw of=@target",
        "dd -O",
      })
  void wrongUsagesAreRefusedInTheSameWords(String line) {
    SameCommand.Outcome outcome = same.run(line);
    assertThat(outcome.theirs().exitCode()).isEqualTo(1);
    outcome.agreed();
    assertThat(outcome.ourDirectory().resolve("target")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "dd if=@src.raw of=@target",
        "dd if=@odd.raw of=@target",
        "dd if=@src.raw of=@target bs=1 skip=1 count=3",
        "dd if=@src.raw of=@target bs=1000 count=5",
        "dd if=@src.raw of=@target bs=1000 count=5 skip=2",
        "dd if=@src.raw of=@target bs=1000 count=5 skip=5",
        "dd if=@src.raw of=@target bs=1000 count=5 skip=6",
        "dd if=@src.raw of=@target bs=1M skip=9999",
        "dd if=@src.raw of=@target bs=2k skip=9223372036854775807",
        "dd if=@src.raw of=@target bs=2k count=9223372036854775807",
        "dd if=@src.qcow2 if=@src.raw of=@target bs=64k bs=3k skip=1",
        "dd -f qcow2 -O raw -U if=@src.qcow2 of=@target bs=70000 skip=1 count=20",
        "dd -O qcow2 if=@src.qcow2 of=@target bs=70000 skip=1 count=20",
        "dd -O qcow2 if=@src.raw of=@target bs=1M count=1",
        "dd -O qcow2 if=@src.raw of=@target bs=1000 count=5",
        "dd -O qcow2 if=@src.raw of=@target skip=1M",
        "dd --image-opts if=driver=qcow2,file.filename=@src.qcow2 of=@target",
        "dd if=@src.raw of=@odd.raw",
      })
  void theSamePartIsCopied(String line) throws Exception {
    SameCommand.Outcome outcome = same.run(line).agreed();
    assertThat(outcome.theirs().exitCode()).isZero();
    String file = line.endsWith("@odd.raw") ? "odd.raw" : "target";
    Path theirs = outcome.theirDirectory().resolve(file);
    Path ours = outcome.ourDirectory().resolve(file);
    String format = line.contains("-O qcow2") ? "qcow2" : "raw";
    if (format.equals("qcow2")) {
      QEMU.assertCheckClean(ours);
    } else {
      assertThat(Files.mismatch(theirs, ours)).isEqualTo(-1);
    }
    assertThat(
            QEMU.img(
                    "compare", "-s", "-f", format, "-F", format, theirs.toString(), ours.toString())
                .stdout())
        .doesNotContain("size mismatch", "Content mismatch");
  }

  @Test
  void aDiskCopiedOntoItselfKeepsItsContents() throws Exception {
    SameCommand.Outcome outcome = same.run("dd -f raw if=@src.raw of=@src.raw");
    assertThat(outcome.ours().exitCode()).isZero();
    assertThat(
            Files.mismatch(
                same.master().resolve("src.raw"), outcome.ourDirectory().resolve("src.raw")))
        .isEqualTo(-1);
  }
}

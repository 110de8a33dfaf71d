package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.MemoryFolder;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The L1 table of a disk of no bytes takes no cluster.
 *
 * <p>Defect: it was given one whenever it was written anew, which nobody counted as in use: each
 * snapshot, and a commit, left clusters behind.
 */
final class DiskOfNoBytesTest {

  @TempDir(factory = MemoryFolder.class)
  private Path directory;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "create -q -f qcow2 @i.q 0; snapshot -c s @i.q; snapshot -a s @i.q; snapshot -d s @i.q",
        "create -q -f qcow2 -o compat=0.10 @i.q 0; snapshot -c s @i.q; snapshot -a s @i.q",
        "create -q -f qcow2 -o cluster_size=512,refcount_bits=2 @i.q 0; snapshot -c s @i.q",
        "create -q -f qcow2 -b b.raw -F raw @i.q 0; commit @i.q; commit @i.q",
        "create -q -f qcow2 -b b.raw -F raw @i.q 0; snapshot -c s @i.q; commit @i.q",
        "create -q -f qcow2 @i.q 0; snapshot -c s @i.q; resize -q @i.q 1M; bench -w -c 4 @i.q;"
            + " snapshot -a s @i.q; snapshot -c u @i.q; snapshot -d s @i.q; resize -q @i.q 2M;"
            + " bench -w -c 4 @i.q; snapshot -c v @i.q",
        "create -q -f qcow2 @i.q 0; snapshot -c s @i.q; amend -o refcount_bits=64 @i.q;"
            + " snapshot -c t @i.q",
      })
  void nothingIsLeftBehind(String commands) throws IOException {
    Files.write(directory.resolve("b.raw"), new byte[1 << 20]);
    QemuTools qemu = QemuTools.require();
    for (String each : commands.split(";", -1)) {
      OurRun run =
          OurRun.asQcow4j(
              Arrays.stream(each.strip().split(" ", -1))
                  .map(word -> word.replace("@", directory + "/"))
                  .toArray(String[]::new));
      assertThat(run.exitCode()).as("%s", run).isZero();
      String image = directory.resolve("i.q").toString();
      assertThat(qemu.img("check", image).exitCode()).as("after %s", each).isZero();
    }
  }
}

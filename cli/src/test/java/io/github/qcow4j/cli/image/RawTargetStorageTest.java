package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A new raw image takes the storage that qemu-img gives it, no more and no less. */
final class RawTargetStorageTest {

  private final QemuTools qemu = QemuTools.require();

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "convert -O raw @source.qcow2 @%s",
        "convert -O raw -o preallocation=falloc @source.qcow2 @%s",
        "create -q -f raw @%s 1M",
        "create -q -f raw -o preallocation=falloc @%s 1M",
        "create -q -f raw @%s 512",
      })
  void mapShowsTheSameOfIt(String line) {
    qemu.create(directory.resolve("source.qcow2"), "", 1 << 20);
    qemu.io(directory.resolve("source.qcow2"), "write -P 5 256k 64k");

    assertThat(qemu.img(words(line, "theirs")).exitCode()).isZero();
    OurRun ours = OurRun.asQemuImg(words(line, "ours"));

    assertThat(ours.exitCode()).as("%s", ours).isZero();
    assertThat(map("ours")).isEqualTo(map("theirs"));
  }

  private String map(String name) {
    String path = directory.resolve(name).toString();
    return qemu.img("map", "-f", "raw", "--output=json", path).stdout();
  }

  private String[] words(String line, String target) {
    return line.formatted(target).replace("@", directory + "/").split(" ");
  }
}

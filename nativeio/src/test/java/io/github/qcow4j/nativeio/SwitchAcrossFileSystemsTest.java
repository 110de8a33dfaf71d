package io.github.qcow4j.nativeio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No file goes to another file system by a change of names. */
final class SwitchAcrossFileSystemsTest {

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"panama", "jnr", "portable"})
  void anotherFileSystemIsRefusedByItsTypeAndNothingChanges(String provider) throws IOException {
    Volume volume = HostGround.provider(provider);
    Path live = directory.resolve("live");
    Path child = directory.resolve("child");
    Path elsewhere =
        LoopFileSystem.shared(LoopFileSystem.Kind.TMPFS).newDirectory().resolve("frozen");
    for (Path path : new Path[] {live, child}) {
      try (BlockFile file = volume.open(path, OpenOptions.creatingNew())) {
        Bytes.write(file, new byte[path.equals(live) ? 1 : 2], 0);
      }
    }
    for (Volume seen : new Volume[] {volume, VolumeCalls.withoutLinks(volume)}) {
      assertThatThrownBy(() -> new Fork(seen, live, elsewhere, child).run())
          .isInstanceOf(DifferentFileSystemException.class)
          .hasMessage(live + " -> " + elsewhere + ": Invalid cross-device link");
      assertThatThrownBy(() -> new Exchange(seen, live, elsewhere, child).run())
          .isInstanceOf(DifferentFileSystemException.class)
          .hasMessage(live + " -> " + elsewhere + ": Invalid cross-device link");
    }
    assertThat(volume.status(live).sizeBytes()).isEqualTo(1);
    assertThat(volume.status(child).sizeBytes()).isEqualTo(2);
    assertThat(volume.exists(elsewhere)).isFalse();
    assertThat(volume.list(directory)).containsExactly("child", "live");
  }
}

package io.github.qcow4j.qcow2.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A watch that overlooks something would be satisfied with anything. */
final class LeakWatchTest {

  @TempDir Path directory;

  @Test
  void aHandleThatIsClosedMeanwhileHidesNoOther() throws IOException {
    Path watched = Files.createDirectory(directory.resolve("watched"));
    Path file = watched.resolve("file");
    Path closed = directory.resolve("3");
    Path open = Files.createSymbolicLink(directory.resolve("4"), file);
    Path elsewhere = Files.createSymbolicLink(directory.resolve("5"), directory.resolve("other"));

    LeakWatch watch = new LeakWatch(watched);

    assertThat(watch.openFiles(List.of(closed, open, elsewhere))).containsExactly(file.toString());
  }
}

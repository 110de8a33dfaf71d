package io.github.qcow4j.nativeio;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A guard that overlooks something would be satisfied with anything. */
final class LeakGuardTest {

  @TempDir Path directory;

  @Test
  void aFileThatIsOpenOnceMoreThanBeforeIsTold() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "x").toRealPath();
    try (FileChannel _ = FileChannel.open(file)) {
      LeakGuard.Before before = LeakGuard.now();
      try (FileChannel _ = FileChannel.open(file)) {
        assertThat(LeakGuard.left(before)).containsExactly(file.toString());
      }
      assertThat(LeakGuard.left(before)).isEmpty();
    }
  }

  @Test
  void aThreadOfOursThatGoesOnIsTold() throws IOException {
    LeakGuard.Before before = LeakGuard.now();
    CountDownLatch end = new CountDownLatch(1);
    Thread _ = Thread.ofPlatform().name("qcow4j-test").daemon().start(() -> await(end));
    assertThat(LeakGuard.left(before)).containsExactly("qcow4j-test");
    end.countDown();
    assertThat(LeakGuard.left(before)).isEmpty();
  }

  private static void await(CountDownLatch end) {
    try {
      end.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

package io.github.qcow4j.nativeio;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the tests' own sweeping takes away, and what it leaves alone. */
final class OwnedHomesTest {

  @TempDir Path parent;

  private final List<Path> removed = new ArrayList<>();

  private void remove(Path home) throws IOException {
    removed.add(home);
    Files.delete(home);
  }

  private OwnedHomes begin() throws IOException {
    return OwnedHomes.begin(parent, "home-", this::remove);
  }

  private List<Path> left() throws IOException {
    try (Stream<Path> all = Files.list(parent)) {
      return all.toList();
    }
  }

  @Test
  void aHomeThatAnotherProcessOwnsIsLeftAlone() throws Exception {
    Path lockFile = Files.createFile(parent.resolve("home-1" + OwnedHomes.LOCK));
    Path home = Files.createDirectory(parent.resolve("home-1-1"));
    try (LockingProcess owner = LockingProcess.start("portable", lockFile)) {
      assertThat(owner.tryLock(0, 1, LockMode.EXCLUSIVE)).isTrue();
      begin().end();
      assertThat(removed).isEmpty();
      assertThat(left()).containsExactlyInAnyOrder(lockFile, home);

      owner.kill();
    }
    begin().end();
    assertThat(removed).containsExactly(home);
    assertThat(left()).isEmpty();
  }

  @Test
  void whatIsLeftAtTheEndIsSweptByTheNextOne() throws IOException {
    OwnedHomes first = begin();
    Path home = first.newHome();
    first.end();
    assertThat(left()).hasSize(2).contains(home);
    OwnedHomes second = begin();
    assertThat(removed).containsExactly(home);
    second.end();
    assertThat(left()).isEmpty();
  }
}

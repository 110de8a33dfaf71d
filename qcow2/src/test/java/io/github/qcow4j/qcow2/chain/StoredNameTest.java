package io.github.qcow4j.qcow2.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.qcow2.error.ReferenceDeniedException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the names in headers stand for. */
class StoredNameTest {

  private static final Path IMAGE = Path.of("/images/top.qcow2");

  @Test
  void aRelativeNameCountsFromTheDirectoryOfTheImageThatNamesIt() throws Exception {
    assertThat(StoredName.resolveBacking(IMAGE, "base.raw")).isEqualTo(Path.of("/images/base.raw"));
  }

  @Test
  void aColonBehindASlashIsPartOfAName() throws Exception {
    assertThat(StoredName.resolveBacking(IMAGE, "./a:b")).isEqualTo(Path.of("/images/./a:b"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"json:{}", "nbd:localhost:1", "", "a\uFFFDb", "file:"})
  void whatIsNoNameOfAPlainFileIsDenied(String name) {
    assertThatThrownBy(() -> StoredName.resolveBacking(IMAGE, name))
        .isInstanceOf(ReferenceDeniedException.class);
  }
}

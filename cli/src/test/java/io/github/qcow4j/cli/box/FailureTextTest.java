package io.github.qcow4j.cli.box;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.nativeio.Volumes;
import java.nio.file.FileSystemException;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Failures in one line, with the name of what they are about where it has one. */
final class FailureTextTest {

  private static String text(String file) {
    Console console =
        new Console(Personality.QCOW4J, System.out, System.err, Map.of(), Volumes::host);
    return FailureText.of(
        new FileSystemException(file, null, "File too large"), console.errorText());
  }

  @Test
  void aFileWithoutANameIsToldWithoutOne() {
    assertThat(text("web.boxlite")).isEqualTo("'web.boxlite': File too large");
    assertThat(text("")).isEqualTo("File too large");
  }
}

package io.github.qcow4j.snapshot.catalogue;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A catalogue without a log ahead, and one that had it before. */
final class ChangeLogTest {

  @TempDir private Path directory;

  private Catalogue open(ChangeLog log) throws IOException {
    return Catalogue.open(directory.resolve("catalogue.db"), log, () -> {});
  }

  private static String text(Catalogue catalogue, String pragma) throws IOException {
    return catalogue.read(
        rows -> Objects.requireNonNull(rows.first("PRAGMA " + pragma, row -> row.text(pragma))));
  }

  private static void add(Catalogue catalogue, String name) throws IOException {
    catalogue.write(rows -> {
      Change box = Change.addBox("id-" + name, name, Instant.EPOCH, null);
      new Intents(rows).apply(List.of(box));
      return rows;
    });
  }

  private static List<String> names(Catalogue catalogue) throws IOException {
    return catalogue.read(rows -> new Boxes(rows).all().stream().map(BoxRow::name).toList());
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private void requireNothingMapped(Catalogue catalogue) throws IOException {
    assertThat(text(catalogue, "journal_mode")).isEqualTo("truncate");
    assertThat(text(catalogue, "synchronous")).isEqualTo("3");
    assertThat(files()).isSubsetOf("catalogue.db", "catalogue.db-journal");
  }

  @Test
  void nothingIsMappedWithoutALogAhead() throws Exception {
    try (Catalogue catalogue = open(ChangeLog.ROLLBACK);
        Catalogue another = open(ChangeLog.ROLLBACK)) {
      add(catalogue, "web");
      add(another, "db");
      requireNothingMapped(catalogue);
      requireNothingMapped(another);
      assertThat(names(catalogue)).containsExactly("db", "web");
      assertThat(directory.resolve("catalogue.db-journal")).isEmptyFile();
    }
  }

  @Test
  void aLogAheadIsGivenUpWhenNobodyElseHasTheCatalogueOpen() throws Exception {
    try (Catalogue ahead = open(ChangeLog.AHEAD)) {
      add(ahead, "web");
      assertThat(files()).contains("catalogue.db-shm");
      try (Catalogue catalogue = open(ChangeLog.ROLLBACK)) {
        assertThat(text(catalogue, "journal_mode")).isEqualTo("wal");
        add(catalogue, "db");
        add(ahead, "mail");
        assertThat(names(catalogue)).containsExactly("db", "mail", "web");
      }
    }
    try (Catalogue catalogue = open(ChangeLog.ROLLBACK)) {
      requireNothingMapped(catalogue);
      assertThat(names(catalogue)).containsExactly("db", "mail", "web");
      add(catalogue, "more");
      requireNothingMapped(catalogue);
    }
  }

  /** What died left its log and its index: the log is read, and the index is not. */
  @Test
  void whatIsOnlyInTheLogAheadOfADeadProcessIsKept() throws Exception {
    Path copy = Files.createDirectory(directory.resolve("copy"));
    try (Catalogue ahead = open(ChangeLog.AHEAD)) {
      add(ahead, "web");
      for (String suffix : List.of("", "-wal")) {
        String name = "catalogue.db" + suffix;
        Files.copy(directory.resolve(name), copy.resolve(name));
      }
    }
    try (Catalogue catalogue =
        Catalogue.open(copy.resolve("catalogue.db"), ChangeLog.ROLLBACK, () -> {})) {
      assertThat(names(catalogue)).containsExactly("web");
      assertThat(copy.resolve("catalogue.db-wal")).doesNotExist();
      assertThat(copy.resolve("catalogue.db-shm")).doesNotExist();
    }
  }
}

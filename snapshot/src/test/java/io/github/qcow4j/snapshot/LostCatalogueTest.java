package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.error.BoxException;
import io.github.qcow4j.snapshot.error.DisagreementException;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.HexFormat;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A home whose catalogue is lost is not a new one, whose collection would delete its images. */
final class LostCatalogueTest {

  @TempDir private Path directory;
  private Path place;
  private Path catalogue;

  @BeforeEach
  void makeBox() throws Exception {
    place = directory.resolve("home");
    catalogue = place.resolve("catalogue.db");
    try (BoxHome home = open()) {
      DiskSource root = new DiskSource.Empty(BoxDisk.ROOT, 1 << 20);
      home.create(new CreateRequest("web", List.of(root)), new JobControl());
      home.snapshot("web", "one", "");
    }
  }

  private BoxHome open() throws IOException {
    return BoxHome.open(HomeOptions.of(place));
  }

  private DisagreementException refused() throws IOException {
    SortedMap<String, String> before = files();
    DisagreementException[] refusal = new DisagreementException[1];
    assertThatThrownBy(() -> open().close())
        .isInstanceOfSatisfying(DisagreementException.class, e -> refusal[0] = e);
    assertThat(files()).isEqualTo(before);
    assertThat(refusal[0].kind()).isEqualTo(BoxException.Kind.CORRUPT);
    assertThat(refusal[0])
        .hasMessageContaining("'" + catalogue + "'")
        .hasMessageContaining("disks and layers")
        .hasMessageContaining("nothing was changed")
        .hasMessageContaining("put a backup of it back");
    return refusal[0];
  }

  /** All names with what is in the files. */
  private SortedMap<String, String> files() throws IOException {
    SortedMap<String, String> files = new TreeMap<>();
    try (Stream<Path> found = Files.walk(place)) {
      for (Path each : found.toList()) {
        byte[] content = Files.isDirectory(each) ? new byte[0] : Files.readAllBytes(each);
        files.put(place.relativize(each).toString(), HexFormat.of().formatHex(content));
      }
    }
    return files;
  }

  @Test
  void imagesWithoutTheirCatalogueAreRefusedAndLeftAlone() throws Exception {
    Files.delete(catalogue);
    assertThat(refused()).hasMessageContaining("is missing").hasMessageContaining("begin anew");
    Files.delete(place.resolve("locks/leases"));
    Files.delete(place.resolve("locks"));
    assertThat(refused()).hasMessageContaining("is missing");
  }

  @Test
  void anEmptyCatalogueIsNoNewOneWhereThereAreImages() throws Exception {
    Files.write(catalogue, new byte[0]);
    assertThat(refused()).hasMessageContaining("is empty");
  }

  @Test
  void aCatalogueWithoutTablesIsNoNewOneEither() throws Exception {
    Files.delete(catalogue);
    makeWithoutTables();
    assertThat(refused()).hasMessageContaining("knows of nothing");
  }

  /**
   * What is left of a home that was being made when its first process died, with the journal that
   * the place has: to give it another one is a change.
   */
  private void makeWithoutTables() throws Exception {
    boolean logsAhead = Volumes.host().lastingBlockBytes(place) >= 4096;
    try (var connection = DriverManager.getConnection("jdbc:sqlite:" + catalogue);
        var statement = connection.createStatement()) {
      statement.execute("PRAGMA journal_mode = " + (logsAhead ? "WAL" : "TRUNCATE"));
      statement.execute("CREATE TABLE first (id)");
      statement.execute("DROP TABLE first");
    }
    assertThat(catalogue).isNotEmptyFile();
  }

  @Test
  void theBackupOfAMigrationIsNamedAndIsEnough() throws Exception {
    Path backup = place.resolve("catalogue.db.v3.backup");
    Files.copy(catalogue, place.resolve("catalogue.db.v2.backup"));
    Files.move(catalogue, backup);
    assertThat(refused()).hasMessageContaining("'catalogue.db.v3.backup'");
    Files.move(backup, catalogue);
    try (BoxHome home = open()) {
      assertThat(home.list()).extracting(Box::name).containsExactly("web");
    }
  }

  @Test
  void aHomeWhoseMakingWasCutShortIsMadeToItsEnd() throws Exception {
    place = directory.resolve("second");
    catalogue = place.resolve("catalogue.db");
    BoxHome.prepare(Volumes.host(), place);
    requireNew();
    Files.delete(catalogue);
    Files.write(catalogue, new byte[0]);
    requireNew();
    Files.delete(catalogue);
    makeWithoutTables();
    requireNew();
  }

  private void requireNew() throws IOException {
    try (BoxHome home = open()) {
      assertThat(home.list()).isEmpty();
    }
  }
}

package io.github.qcow4j.snapshot.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.HomeOptions;
import io.github.qcow4j.snapshot.error.BoxException;
import io.github.qcow4j.snapshot.error.CatalogueException;
import io.github.qcow4j.snapshot.error.NewerHomeException;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import io.github.qcow4j.snapshot.model.Holder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CatalogueTest {

  private static final Instant NOW = Instant.ofEpochMilli(1_700_000_000_000L);

  @TempDir private Path directory;

  private Path file() {
    return directory.resolve("catalogue.db");
  }

  private static void addBox(Catalogue catalogue, String name) throws Exception {
    catalogue.write(rows -> {
      new Intents(rows).apply(List.of(Change.addBox("id-" + name, name, NOW, "{\"a\":1}")));
      return name;
    });
  }

  private static Migrations next() {
    List<String> steps = new ArrayList<>(Schema.MIGRATIONS.steps());
    steps.add("ALTER TABLE box ADD COLUMN colour TEXT; UPDATE box SET colour = 'red'");
    return new Migrations(steps);
  }

  @Test
  void aCatalogueOfEveryFormerVersionBecomesOneOfTodayAndACopyOfItStays() throws Exception {
    for (int version = 1; version <= Schema.MIGRATIONS.latest(); version++) {
      Path file = directory.resolve("v" + version + ".db");
      Migrations former = new Migrations(Schema.MIGRATIONS.steps().subList(0, version));
      try (Catalogue old = Catalogue.open(file, former)) {
        addBox(old, "web");
      }
      try (Catalogue now = Catalogue.open(file, next())) {
        BoxRow box = now.read(rows -> new Boxes(rows).named("web"));
        assertThat(box.carried()).isEqualTo("{\"a\":1}");
        String colour =
            now.read(rows -> rows.first("SELECT colour FROM box", row -> row.text("colour")));
        assertThat(colour).isEqualTo("red");
      }
      Path copy = directory.resolve("v" + version + ".db.v" + version + ".backup");
      try (Catalogue backup = Catalogue.open(copy, former)) {
        BoxRow box = backup.read(rows -> new Boxes(rows).named("web"));
        assertThat(box.createdAt()).isEqualTo(NOW);
      }
    }
  }

  /** Whoever puts a copy back and opens the home again has it there, too. */
  @Test
  void aCopyThatIsThereIsKeptAndAnotherMadeThatNobodyElseMayRead() throws Exception {
    for (int version = 1; version < Schema.MIGRATIONS.latest(); version++) {
      Path home = directory.resolve("home" + version);
      BoxHome.open(HomeOptions.of(home)).close();
      Path file = home.resolve("catalogue.db");
      Files.delete(file);
      Migrations former = new Migrations(Schema.MIGRATIONS.steps().subList(0, version));
      try (Catalogue old = Catalogue.open(file, former)) {
        addBox(old, "web");
      }
      Path copy = home.resolve(file.getFileName() + ".v" + version + ".backup");
      Files.copy(file, copy);
      byte[] bytes = Files.readAllBytes(copy);
      try (BoxHome now = BoxHome.open(HomeOptions.of(home))) {
        assertThat(now.list()).hasSize(1);
      }
      assertThat(copy).hasBinaryContent(bytes);
      Path another = home.resolve(copy.getFileName() + ".1");
      assertThat(Volumes.host().status(another).permissions()).isEqualTo(HomeLayout.PRIVATE_FILE);
      try (Catalogue backup = Catalogue.open(another, former)) {
        assertThat(backup.read(rows -> new Boxes(rows).named("web")).createdAt()).isEqualTo(NOW);
      }
    }
  }

  @Test
  void severalMayMigrateOneCatalogueAtOnce() throws Exception {
    Path file = directory.resolve("catalogue.db");
    Migrations former = new Migrations(Schema.MIGRATIONS.steps().subList(0, 1));
    try (Catalogue old = Catalogue.open(file, former)) {
      addBox(old, "web");
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Callable<String>> openings =
          Collections.nCopies(
              8,
              () -> {
                try (Catalogue now = Catalogue.open(file)) {
                  return now.read(rows -> new Boxes(rows).named("web")).id();
                }
              });
      for (Future<String> opening : threads.invokeAll(openings)) {
        assertThat(opening.get()).isNotEmpty();
      }
    }
  }

  /** The driver closes a statement that has failed; its next use is a new one. */
  @Test
  void aStatementThatFailedOnceMayBeRunAgain() throws Exception {
    try (Catalogue catalogue = Catalogue.open(directory.resolve("catalogue.db"))) {
      Path copy = directory.resolve("copy.db");
      catalogue.outside(rows -> rows.update("VACUUM INTO ?", copy.toString()));
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(
                () -> catalogue.outside(rows -> rows.update("VACUUM INTO ?", copy.toString())))
            .hasMessageContaining("already exists");
      }
      Files.delete(copy);
      catalogue.outside(rows -> rows.update("VACUUM INTO ?", copy.toString()));
      assertThat(copy).isNotEmptyFile();
    }
  }

  @Test
  void noFormerVersionLeavesAnyTraceOfASecretBehind() throws Exception {
    String options = "{\"secrets\":[{\"name\":\"key\",\"value\":\"hunter2\"}],\"cpus\":2}";
    for (int version = 1; version <= FormerSecrets.LAST_VERSION; version++) {
      Path folder = Files.createDirectory(directory.resolve("v" + version));
      Path file = folder.resolve("catalogue.db");
      Migrations former = new Migrations(Schema.MIGRATIONS.steps().subList(0, version));
      try (Catalogue old = Catalogue.open(file, former)) {
        old.write(rows -> {
          Intents intents = new Intents(rows);
          intents.apply(List.of(Change.addBox("gone", "gone", NOW, options)));
          intents.apply(List.of(Change.addBox("web", "web", NOW, options)));
          intents.apply(List.of(Change.dropBox("gone")));
          return new FormerIntents(rows)
              .add(intent(Change.addBox("new", "new", NOW, options), Change.dropBox("none")));
        });
      }
      assertThat(holding(folder, "hunter2")).containsExactly("catalogue.db");
      try (Catalogue now = Catalogue.open(file)) {
        assertThat(holding(folder, "hunter2")).isEmpty();
        BoxRow box = now.read(rows -> new Boxes(rows).named("web"));
        assertThat(box.carried()).contains("\"name\": \"key\"", "\"value\": \"\"", "\"cpus\": 2");
        Intent left = now.read(rows -> new Intents(rows).all()).getFirst();
        assertThat(left.changes().getFirst().parameters().getLast()).isEqualTo(box.carried());
      }
      assertThat(holding(folder, "hunter2")).isEmpty();
      assertThat(holding(folder, "\"cpus\": 2"))
          .containsExactlyInAnyOrder("catalogue.db", "catalogue.db.v" + version + ".backup");
    }
  }

  @Test
  void whatWasUnderWayInAFormerCatalogueGoesOnAsItWasMeant() throws Exception {
    for (int version = 1; version <= FormerIntents.LAST; version++) {
      List<Hold> holds =
          version < FormerIntents.FIRST_WITH_HOLDS
              ? List.of()
              : List.of(
                  new Hold(Hold.Kind.PROCESS, "7 \"quoted\" 1"),
                  new Hold(Hold.Kind.AGENT, "/run/ünd\n.sock"));
      Intent making =
          new Intent(
              0,
              "snapshot",
              "box",
              Intent.Phase.MAKING,
              new Holder(1, NOW, "dead"),
              List.of("disks/a.next", "layers/b", "staging/i/a/b"),
              List.of("layers/c"),
              List.of(
                  new FileSwitch(FileSwitch.Kind.FORK, "disks/l", "layers/o", "disks/f", 0),
                  new FileSwitch(
                      FileSwitch.Kind.EXCHANGE, "disks/x", "disks/y", "disks/z", Long.MAX_VALUE),
                  new FileSwitch(FileSwitch.Kind.REBASE, "disks/x", "", "", 0)),
              List.of(
                  Change.addBox("id", "web", NOW, null),
                  Change.addBox("id2", "web2", NOW, "{\"cpus\":2}"),
                  Change.addSnapshotDisk("s", "root", 0, "i")),
              List.of(),
              holds);
      Intent sweeping = intentThatSweeps(List.of("layers/d", "layers/e"));
      Path file = directory.resolve("under-way" + version + ".db");
      Migrations former = new Migrations(Schema.MIGRATIONS.steps().subList(0, version));
      try (Catalogue old = Catalogue.open(file, former)) {
        old.write(rows -> {
          FormerIntents intents = new FormerIntents(rows);
          intents.add(making);
          return intents.add(sweeping);
        });
      }
      try (Catalogue now = Catalogue.open(file)) {
        List<Intent> left = now.read(rows -> new Intents(rows).all());
        // As a program of today would write it, but for the width of whole numbers.
        assertThat(left).extracting(Intent::seq).containsExactly(1L, 2L);
        assertThat(left)
            .extracting(IntentPlan::text)
            .containsExactly(IntentPlan.text(making), IntentPlan.text(sweeping));
        assertThat(left.getFirst().holder()).isEqualTo(making.holder());
        assertThat(left.getLast().phase()).isEqualTo(Intent.Phase.SWEEPING);
        assertThat(now.faults()).isEmpty();
      }
    }
  }

  @Test
  void anIntentIsReadAsItWasWritten() throws Exception {
    Intent written = intent(Change.addBox("id", "web", NOW, "{\"a\": \"\\u0001\"}"));
    try (Catalogue catalogue = Catalogue.open(file())) {
      Intent added = catalogue.write(rows -> new Intents(rows).add(written, NOW));
      assertThat(added).isEqualTo(written.numbered(added.seq()));
      Intent read = catalogue.read(rows -> new Intents(rows).bySeq(added.seq()));
      assertThat(read).isEqualTo(added);
    }
  }

  @Test
  void aPlanThatNobodyWroteIsNeverCarriedOut() throws Exception {
    String whole =
        "{\"made\": [], \"read\": [], \"doomed\": [], \"switches\": [], \"changes\": [], \"holds\": []}";
    List<String> damaged = new ArrayList<>(List.of("", "[]", "{}"));
    for (String member : List.of("made", "read", "doomed", "switches", "changes", "holds")) {
      damaged.add(whole.replace("\"" + member + "\"", "\"other\""));
      damaged.add(whole.replace("\"" + member + "\": []", "\"" + member + "\": 7"));
      damaged.add(whole.replace("\"" + member + "\": []", "\"" + member + "\": [7]"));
    }
    for (String file :
        List.of(
            "../../victim",
            "/etc/victim",
            "",
            "layers",
            "layers/",
            "layers/link/x",
            "layers/..",
            "layers/\\u0000",
            "locks/leases",
            "staging/../x",
            "catalogue.db")) {
      damaged.add(whole.replace("\"doomed\": []", "\"doomed\": [\"" + file + "\"]"));
      damaged.add(whole.replace("\"made\": []", "\"made\": [\"" + file + "\"]"));
      damaged.add(
          whole.replace(
              "\"switches\": []",
              "\"switches\": [[\"fork\", \"disks/a\", \"" + file + "\", \"disks/b\", 0]]"));
    }
    damaged.add(whole.replace("\"switches\": []", "\"switches\": [[\"fork\"]]"));
    damaged.add(whole.replace("\"changes\": []", "\"changes\": [[\"NO_SUCH\"]]"));
    damaged.add(whole.replace("\"changes\": []", "\"changes\": [[\"DROP_BOX\"]]"));
    try (Catalogue catalogue = Catalogue.open(file())) {
      Intent written = intent();
      catalogue.write(rows -> new Intents(rows).add(written, NOW));
      for (String plan : damaged) {
        catalogue.write(rows -> rows.update("UPDATE intent SET plan = ?", plan));
        List<Intent> read = catalogue.read(rows -> new Intents(rows).all());
        assertThat(read).as(plan).containsExactly(written.numbered(1).damaged());
      }
      catalogue.write(rows -> rows.update("UPDATE intent SET plan = ?", whole));
      List<Intent> sound = catalogue.read(rows -> new Intents(rows).all());
      assertThat(sound).containsExactly(written.numbered(1));
    }
  }

  private static Intent intentThatSweeps(List<String> doomed) {
    return new Intent(
            0,
            "gc",
            null,
            Intent.Phase.MAKING,
            new Holder(2, NOW, "dead"),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            doomed,
            List.of())
        .sweeping();
  }

  private static Intent intent(Change... changes) {
    return new Intent(
        0,
        "create",
        null,
        Intent.Phase.MAKING,
        new Holder(1, NOW, "dead"),
        List.of(),
        List.of(),
        List.of(),
        List.of(changes),
        List.of(),
        List.of());
  }

  /** The files of a folder that hold a text anywhere. */
  private static List<String> holding(Path folder, String text) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      List<String> holding = new ArrayList<>();
      for (Path file : files.toList()) {
        if (new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(text)) {
          holding.add(file.getFileName().toString());
        }
      }
      return holding;
    }
  }

  @Test
  void aStepThatFailsLeavesTheCatalogueAsItWas() throws Exception {
    try (Catalogue old = Catalogue.open(file())) {
      addBox(old, "web");
    }
    List<String> steps = new ArrayList<>(Schema.MIGRATIONS.steps());
    steps.add("UPDATE box SET name = 'lost'; ALTER TABLE nothing ADD COLUMN colour");
    assertThatThrownBy(() -> Catalogue.open(file(), new Migrations(steps)).close())
        .isInstanceOf(CatalogueException.class);
    try (Catalogue again = Catalogue.open(file())) {
      List<BoxRow> boxes = again.read(rows -> new Boxes(rows).all());
      assertThat(boxes).extracting(BoxRow::name).containsExactly("web");
    }
  }

  /** SQLite's own words would be that it may only be read. */
  @Test
  void aFormerCatalogueThatCannotBeWrittenSaysWhatToDo() throws Exception {
    for (int version = 1; version < Schema.MIGRATIONS.latest(); version++) {
      Path file = directory.resolve("still" + version + ".db");
      Catalogue.open(file, new Migrations(Schema.MIGRATIONS.steps().subList(0, version))).close();
      assertThatThrownBy(() -> Catalogue.openUnchanging(file).close())
          .isInstanceOf(CatalogueException.class)
          .hasMessageContaining("is of version " + version)
          .hasMessageContaining("open it once where it can");
    }
    Catalogue.open(file()).close();
    try (Catalogue now = Catalogue.openUnchanging(file())) {
      assertThat(now.isUnchanging()).isTrue();
    }
  }

  @Test
  void aCatalogueOfANewerProgramIsRefusedAndUntouched() throws Exception {
    Catalogue.open(file(), next()).close();
    assertThatThrownBy(() -> Catalogue.open(file()).close())
        .isInstanceOf(NewerHomeException.class)
        .hasMessageContaining("version " + (Schema.MIGRATIONS.latest() + 1))
        .hasMessageContaining("use a newer one");
    Catalogue.open(file(), next()).close();
  }

  @Test
  void aCatalogueOfNoVersionThatThereCanBeIsDamaged() throws Exception {
    try (Catalogue catalogue = Catalogue.open(file())) {
      catalogue.outside(rows -> {
        rows.execute("PRAGMA user_version = -1");
        return rows;
      });
    }
    assertThatThrownBy(() -> Catalogue.open(file()).close())
        .isInstanceOfSatisfying(
            CatalogueException.class,
            e -> assertThat(e.kind()).isEqualTo(BoxException.Kind.CORRUPT))
        .hasMessageContaining("version -1");
  }

  @Test
  void anotherProgramsDatabaseIsRefused() throws Exception {
    try (Catalogue catalogue = Catalogue.open(file())) {
      catalogue.outside(rows -> {
        rows.execute("PRAGMA application_id = 77");
        return rows;
      });
    }
    assertThatThrownBy(() -> Catalogue.open(file()).close()).isInstanceOf(NewerHomeException.class);
  }

  @Test
  void commitsAreSyncedAndRulesAreKept() throws Exception {
    try (Catalogue catalogue = Catalogue.open(file())) {
      long synchronous =
          catalogue.read(
              rows -> rows.first("PRAGMA synchronous", row -> row.number("synchronous")));
      String journal =
          catalogue.read(
              rows -> rows.first("PRAGMA journal_mode", row -> row.text("journal_mode")));
      assertThat(synchronous).isEqualTo(2);
      assertThat(journal).isEqualTo("wal");
      addBox(catalogue, "web");
      assertThatThrownBy(() -> addBox(catalogue, "web"))
          .isInstanceOfSatisfying(
              CatalogueException.class, e -> assertThat(e.constraint()).isTrue());
      assertThatThrownBy(() ->
              catalogue.write(rows -> {
                new Intents(rows).apply(List.of(Change.addDisk("id-web", "root", 0, "none")));
                return rows;
              }))
          .isInstanceOfSatisfying(
              CatalogueException.class, e -> assertThat(e.constraint()).isTrue());
    }
    assertThat(Volumes.host().exists(file())).isTrue();
  }
}

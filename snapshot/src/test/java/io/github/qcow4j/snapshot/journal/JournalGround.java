package io.github.qcow4j.snapshot.journal;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.Catalogue;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.FileSwitch;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.catalogue.Intents;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import io.github.qcow4j.snapshot.lease.Leases;
import io.github.qcow4j.snapshot.model.Holder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A journal of a home in memory, its catalogue too, and everything that it did. */
final class JournalGround implements AutoCloseable {

  static final String BOX = "box";
  static final Instant NOW = Instant.ofEpochMilli(1_700_000_000_000L);
  static final FileSwitch FORK =
      new FileSwitch(FileSwitch.Kind.FORK, "disks/live", "layers/frozen", "disks/fresh", 0);

  final SimulatedVolume simulated =
      SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false));
  final TappedVolume tapped = new TappedVolume(simulated, call -> this.tap.before(call));
  final Volume volume = tapped.volume();
  final HomeLayout layout = new HomeLayout(Path.of("/home"));
  final Leases leases = new Leases(volume, layout.locks());
  final Connection connection;
  final Catalogue catalogue;
  final List<String> story = new ArrayList<>();
  final Journal journal;

  /** Hears of calls to files first. */
  TappedVolume.Tap tap = call -> {};

  /** Hears of commits. */
  Catalogue.CommitListener commits = ignored -> {};

  /** What letting those go that hold still comes to. */
  boolean thawed = true;

  JournalGround() throws Exception {
    connection = DriverManager.getConnection("jdbc:sqlite::memory:");
    catalogue = Catalogue.over(connection, each -> commits.committed(each));
    simulated.createDirectory(layout.home());
    for (Path directory : layout.directories()) {
      simulated.createDirectory(directory);
    }
    simulated.open(layout.locks(), OpenOptions.creatingNew()).close();
    catalogue.write(rows -> {
      new Intents(rows).apply(List.of(Change.addBox(BOX, "web", NOW, null)));
      return BOX;
    });
    journal =
        new Journal(
            volume,
            layout,
            catalogue,
            leases,
            () -> NOW,
            (intent, again) -> {
              story.add(again ? "thaw again" : "thaw");
              return thawed;
            },
            step -> story.add(step.name()));
  }

  /** An intent of which nothing is written down. */
  static Intent intent(
      @Nullable String boxId,
      List<String> made,
      List<FileSwitch> switches,
      List<Change> changes,
      List<String> doomed) {
    return new Intent(
        0,
        "try",
        boxId,
        Intent.Phase.MAKING,
        Holder.ofThisProcess("test"),
        made,
        List.of(),
        switches,
        changes,
        doomed,
        List.of());
  }

  /** One that a dead process has left. */
  Intent left(Intent intent) throws IOException {
    return catalogue.write(rows -> new Intents(rows).add(intent, NOW));
  }

  /** What its row says. */
  @Nullable Intent stored(Intent intent) throws IOException {
    return catalogue.read(rows -> new Intents(rows).bySeq(intent.seq()));
  }

  List<Intent> intents() throws IOException {
    return catalogue.read(rows -> new Intents(rows).all());
  }

  BoxRow box() throws IOException {
    return catalogue.read(rows -> new Boxes(rows).byId(BOX));
  }

  void sql(String statement) throws IOException {
    try (Statement made = connection.createStatement()) {
      made.execute(statement);
    } catch (SQLException e) {
      throw new IOException(e);
    }
  }

  /** Makes a file that holds its own first name. */
  void make(String... names) throws IOException {
    for (String name : names) {
      try (BlockFile file = simulated.open(layout.resolve(name), OpenOptions.creatingNew())) {
        file.write(ByteBuffer.wrap(name.getBytes(StandardCharsets.UTF_8)), 0);
        file.syncAll();
      }
    }
  }

  /** The first name of the file of this name, or null. */
  @Nullable String at(String name) throws IOException {
    if (!simulated.exists(layout.resolve(name))) {
      return null;
    }
    try (BlockFile file = simulated.open(layout.resolve(name), OpenOptions.reading())) {
      ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
      file.readPadded(bytes, 0);
      return new String(bytes.array(), StandardCharsets.UTF_8);
    }
  }

  /** Which of the home's directories were synced, each time. */
  List<String> synced() {
    return tapped.calls().stream()
        .filter(call -> call.is("syncDirectory"))
        .map(call -> layout.home().relativize(call.path()).toString())
        .toList();
  }

  @Override
  public void close() throws IOException {
    catalogue.close();
  }
}

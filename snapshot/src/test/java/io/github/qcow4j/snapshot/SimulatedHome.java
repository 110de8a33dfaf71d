package io.github.qcow4j.snapshot;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.snapshot.catalogue.Catalogue;
import io.github.qcow4j.snapshot.catalogue.Catalogue.CommitListener;
import io.github.qcow4j.snapshot.journal.Recovery;
import io.github.qcow4j.snapshot.journal.Step;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.sqlite.SQLiteConnection;

/**
 * A home on a simulated volume, its catalogue in memory. Every commit of the catalogue is written
 * to the volume as a number in one sector, and synced: a crash state has the number of the last
 * commit that it has to be taken to have, and that catalogue is found here.
 */
final class SimulatedHome {

  static final Path DIRECTORY = Path.of("/home");
  private static final Path COMMITS = Path.of("/commits");

  private final List<byte[]> commits = Collections.synchronizedList(new ArrayList<>());
  private final AtomicLong time = new AtomicLong(1_700_000_000_000L);
  private final HomeOptions options;
  private final boolean recordingCommits;
  private boolean transactionsFail;

  SimulatedHome(HomeOptions options, boolean recordingCommits) {
    this.options = options;
    this.recordingCommits = recordingCommits;
  }

  /** For crash tests. */
  static SimulatedHome recording() {
    return new SimulatedHome(HomeOptions.of(DIRECTORY).withMaxChainLayers(4), true);
  }

  /**
   * The same home, to be opened as it is now, whose catalogue fails as its volume does: what was to
   * be committed is not, or is and nobody is told.
   */
  SimulatedHome failing(HomeOptions others) {
    SimulatedHome copy = new SimulatedHome(others, true);
    copy.commits.addAll(commits);
    copy.time.set(time.get());
    copy.transactionsFail = true;
    return copy;
  }

  /** A new home. */
  BoxHome create(SimulatedVolume volume, long seed) throws Exception {
    HomeLayout layout = BoxHome.prepare(volume, DIRECTORY);
    if (recordingCommits) {
      try (BlockFile file = volume.open(COMMITS, OpenOptions.creatingNew())) {
        file.write(ByteBuffer.allocate(8), 0);
        file.syncAll();
      }
      volume.syncDirectory(Path.of("/"));
    }
    commits.add(null);
    return open(volume, layout, memory(), seed, step -> {});
  }

  /** The home that a crash left. */
  BoxHome reopen(Volume volume, long seed) throws Exception {
    return reopen(volume, seed, step -> {});
  }

  BoxHome reopen(Volume volume, long seed, Consumer<Step> observer) throws Exception {
    ByteBuffer number = ByteBuffer.allocate(8);
    try (BlockFile file = volume.open(COMMITS, OpenOptions.reading())) {
      file.readPadded(number, 0);
    }
    return open(
        volume,
        new HomeLayout(DIRECTORY),
        memory(commits.get((int) number.getLong(0))),
        seed,
        observer);
  }

  /** Ends what failed operations have left, as the next opening of the home does. */
  void recover(BoxHome home) throws IOException {
    int ended = new Recovery(home.internals().journal()).run();
    assert ended >= 0;
  }

  private BoxHome open(
      Volume volume, HomeLayout layout, Connection connection, long seed, Consumer<Step> observer)
      throws IOException {
    CommitListener listener = recordingCommits ? c -> committed(volume, c) : c -> {};
    Connection used =
        transactionsFail ? new FailingTransactions(volume, COMMITS).over(connection) : connection;
    InstantSource clock = () -> Instant.ofEpochMilli(time.addAndGet(1000));
    return BoxHome.open(
        options, volume, layout, Catalogue.over(used, listener), new Random(seed), clock, observer);
  }

  private static Connection memory() throws SQLException {
    Connection connection = DriverManager.getConnection("jdbc:sqlite::memory:");
    try (var statement = connection.createStatement()) {
      statement.execute("PRAGMA page_size = 1024");
      statement.execute("PRAGMA foreign_keys = ON");
    }
    return connection;
  }

  private static Connection memory(byte[] content) throws SQLException {
    Connection connection = memory();
    ((SQLiteConnection) connection).deserialize("main", content);
    return connection;
  }

  /** The bytes of a catalogue. */
  static byte[] content(Connection connection) throws SQLException {
    return connection.unwrap(SQLiteConnection.class).serialize("main");
  }

  private void committed(Volume volume, Connection connection) throws IOException {
    int number;
    synchronized (commits) {
      number = commits.size();
      try {
        commits.add(content(connection));
      } catch (SQLException e) {
        throw new IOException(e);
      }
    }
    ByteBuffer bytes = ByteBuffer.allocate(8).putLong(0, number);
    try (BlockFile file = volume.open(COMMITS, OpenOptions.writing())) {
      file.write(bytes, 0);
      file.sync();
    }
  }
}

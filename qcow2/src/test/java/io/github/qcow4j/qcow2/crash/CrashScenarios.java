package io.github.qcow4j.qcow2.crash;

import static io.github.qcow4j.qcow2.crash.RandomChanges.Change.COMPRESS;
import static io.github.qcow4j.qcow2.crash.RandomChanges.Change.DISCARD;
import static io.github.qcow4j.qcow2.crash.RandomChanges.Change.GROW_WITH_STORAGE;
import static io.github.qcow4j.qcow2.crash.RandomChanges.Change.RESIZE;
import static io.github.qcow4j.qcow2.crash.RandomChanges.Change.SNAPSHOT_APPLY;
import static io.github.qcow4j.qcow2.crash.RandomChanges.Change.SNAPSHOT_CREATE;
import static io.github.qcow4j.qcow2.crash.RandomChanges.Change.SNAPSHOT_DELETE;
import static io.github.qcow4j.qcow2.crash.RandomChanges.Change.SYNC;
import static io.github.qcow4j.qcow2.crash.RandomChanges.Change.WRITE;
import static io.github.qcow4j.qcow2.crash.RandomChanges.Change.ZEROES;

import java.util.List;

/** Everything that changes images on disk, each with how many runs a build makes of it. */
final class CrashScenarios {

  private CrashScenarios() {}

  static List<CrashScenario> all() {
    return List.of(
        new CrashScenario(
            "writing", 160, RandomChanges.of(14, WRITE, WRITE, WRITE, ZEROES, DISCARD, SYNC, SYNC)),
        new CrashScenario(
            "writing to a data file",
            48,
            RandomChanges.besideDataFile(
                14, WRITE, WRITE, WRITE, ZEROES, DISCARD, DISCARD, SYNC, SYNC, RESIZE)),
        new CrashScenario(
            "compressed writing", 36, RandomChanges.of(14, WRITE, COMPRESS, DISCARD, SYNC)),
        new CrashScenario(
            "snapshots",
            120,
            RandomChanges.of(
                14,
                WRITE,
                WRITE,
                ZEROES,
                SYNC,
                SNAPSHOT_CREATE,
                SNAPSHOT_CREATE,
                SNAPSHOT_APPLY,
                SNAPSHOT_DELETE)),
        new CrashScenario("snapshots beyond memory", 60, new SnapshotsBeyondMemory()),
        new CrashScenario(
            "resizing", 80, RandomChanges.of(10, WRITE, WRITE, SNAPSHOT_CREATE, RESIZE, RESIZE)),
        new CrashScenario(
            "resizing with storage",
            40,
            RandomChanges.of(10, WRITE, WRITE, SNAPSHOT_CREATE, GROW_WITH_STORAGE, RESIZE)),
        new CrashScenario(
            "resizing a data file with storage",
            24,
            RandomChanges.besideDataFile(8, WRITE, WRITE, GROW_WITH_STORAGE, RESIZE)),
        new CrashScenario("benchmark", 24, new BenchWork()),
        new CrashScenario("amending", 36, new AmendWork()),
        new CrashScenario("rewriting", 24, new RewriteWork()),
        new CrashScenario("bitmaps", 80, new BitmapWork()),
        new CrashScenario("L1 table growth", 10, new L1TableGrowth()),
        new CrashScenario("refcount table growth", 3, new RefcountTableGrowth()),
        new CrashScenario("commit", 36, new CommitWork(false)),
        new CrashScenario("commit to data files", 24, new CommitWork(true)),
        new CrashScenario("rebase", 36, new RebaseWork(false)),
        new CrashScenario("rebase of data files", 24, new RebaseWork(true)),
        new CrashScenario("unsafe rebase", 24, new RenameWork()),
        new CrashScenario("repair", 80, new RepairWork(RepairWork.Means.ALL)),
        new CrashScenario("repair of leaks", 24, new RepairWork(RepairWork.Means.LEAKS)),
        new CrashScenario(
            "opening a dirty image", 24, new RepairWork(RepairWork.Means.OPENING_FOR_WRITING)),
        new CrashScenario("fork", 36, new ForkWork(false)),
        new CrashScenario("exchange", 36, new ForkWork(true)),
        new CrashScenario("creation", 24, new Publication(false, false)),
        new CrashScenario("creation with a data file", 24, new Publication(false, true)),
        new CrashScenario("conversion", 24, new Publication(true, false)),
        new CrashScenario("conversion to a data file", 24, new Publication(true, true)),
        new CrashScenario("conversion into an image", 24, new ExistingTargetWork()),
        new CrashScenario("conversion to raw", 24, new RawConversionWork(false)),
        new CrashScenario("conversion into a raw image", 24, new RawConversionWork(true)),
        new CrashScenario("flattening", 24, new ChainCopyWork(ChainCopyWork.Way.FLATTENED)),
        new CrashScenario(
            "flattening by sharing", 12, new ChainCopyWork(ChainCopyWork.Way.FLATTENED_BY_SHARING)),
        new CrashScenario(
            "conversion over a backing file",
            24,
            new ChainCopyWork(ChainCopyWork.Way.OVER_ITS_BACKING_FILE)),
        new CrashScenario(
            "conversion of two into one", 24, new ChainCopyWork(ChainCopyWork.Way.TWICE)),
        new CrashScenario("conversion of a part", 24, new ChainCopyWork(ChainCopyWork.Way.IN_PART)),
        new CrashScenario("creation of a raw image", 24, new RawCreationWork()),
        new CrashScenario("changing a raw image", 40, new RawWork()),
        new CrashScenario("copying of bitmaps", 24, new BitmapCopyWork()));
  }
}

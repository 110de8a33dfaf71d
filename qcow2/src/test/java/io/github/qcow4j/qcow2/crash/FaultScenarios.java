package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import java.util.ArrayList;
import java.util.List;

/**
 * What meets failing calls beside all that meets power cuts: a power cut leaves of it what it
 * leaves of the same work there.
 */
final class FaultScenarios {

  private static final int THREADS = SourceChain.SEVERAL_THREADS.parallelism();

  /** What is plain data is not shared but copied. */
  private static final SimulatedVolume.Options NOT_SHARING =
      SimulatedVolume.Options.standard().without(Capability.CLONE_RANGE);

  private FaultScenarios() {}

  static List<CrashScenario> all() {
    List<CrashScenario> all = new ArrayList<>(CrashScenarios.all());
    all.add(scenario("conversion to streams", new StreamWork(SourceChain.ONE_THREAD)));
    all.add(scenario("salvage", new SalvageWork()));
    all.add(scenario("conversion with bitmaps", new BitmapConversionWork()));
    all.addAll(bySeveralThreads());
    all.addAll(copiedByTheKernel());
    return all;
  }

  private static List<CrashScenario> bySeveralThreads() {
    ConvertOptions options = SourceChain.SEVERAL_THREADS;
    return List.of(
        scenario(
            "conversion of two into one by several threads",
            new ChainCopyWork(ChainCopyWork.Way.TWICE, options)),
        scenario(
            "flattening by several threads",
            new ChainCopyWork(ChainCopyWork.Way.FLATTENED, options)),
        scenario("conversion into an image by several threads", new ExistingTargetWork(options)),
        scenario("conversion to raw by several threads", new RawConversionWork(false, options)),
        scenario(
            "conversion into a raw image by several threads", new RawConversionWork(true, options)),
        scenario("conversion to streams by several threads", new StreamWork(options)),
        scenario("benchmark by several threads", new BenchWork(THREADS)),
        scenario("commit by several threads", new CommitWork(false, THREADS)),
        scenario("rebase by several threads", new RebaseWork(false, THREADS, false)),
        scenario("rewriting by several threads", new RewriteWork(THREADS)));
  }

  private static List<CrashScenario> copiedByTheKernel() {
    ConvertOptions options = SourceChain.OFFLOADED;
    return List.of(
        notSharing(
            "conversion by the kernel",
            new ChainCopyWork(ChainCopyWork.Way.OVER_ITS_BACKING_FILE, options)),
        notSharing("conversion into an image by the kernel", new ExistingTargetWork(options)),
        notSharing("conversion to raw by the kernel", new RawConversionWork(false, options)),
        notSharing(
            "conversion into a raw image by the kernel", new RawConversionWork(true, options)),
        notSharing(
            "conversion to raw with all zeros",
            new RawConversionWork(false, SourceChain.ZEROS_WRITTEN)),
        scenario(
            "sharing and copying by the kernel",
            new ChainCopyWork(ChainCopyWork.Way.TWICE, options)),
        notSharing("rebase by the kernel", new RebaseWork(false, 1, true)));
  }

  private static CrashScenario scenario(String name, CrashWorkload workload) {
    return new CrashScenario(name, 1, workload);
  }

  private static CrashScenario notSharing(String name, CrashWorkload workload) {
    return new CrashScenario(name, 1, workload, NOT_SHARING);
  }
}

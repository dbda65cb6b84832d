using System.Diagnostics.Tracing;

namespace Lstm.Benchmarks.Startup;

/// <summary>
/// Which methods the JIT compiles, and how long each takes. The listening itself adds some methods and some time.
/// </summary>
internal sealed class CompiledMethods : EventListener
{
    private const EventKeywords Jit = (EventKeywords)0x10;
    private readonly Dictionary<ulong, DateTime> _started = [];
    private readonly List<(double Ms, string Name)> _methods = [];

    public void Print()
    {
        lock (_methods)
        {
            foreach ((double ms, string name) in _methods.OrderByDescending(method => method.Ms))
            {
                Console.WriteLine($"{ms,8:0.00} ms  {name}");
            }
        }
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "Microsoft-Windows-DotNETRuntime")
        {
            EnableEvents(eventSource, EventLevel.Verbose, Jit);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventName?.StartsWith("MethodJittingStarted", StringComparison.Ordinal) == true)
        {
            lock (_methods)
            {
                _started[(ulong)eventData.Payload![0]!] = eventData.TimeStamp;
            }
        }
        else if (eventData.EventName?.StartsWith("MethodLoadVerbose", StringComparison.Ordinal) == true)
        {
            lock (_methods)
            {
                if (_started.Remove((ulong)eventData.Payload![0]!, out DateTime start))
                {
                    _methods.Add(
                        ((eventData.TimeStamp - start).TotalMilliseconds, $"{eventData.Payload[6]}.{eventData.Payload[7]}"));
                }
            }
        }
    }
}

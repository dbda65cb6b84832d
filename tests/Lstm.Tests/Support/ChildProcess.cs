using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Lstm.Tests.Support;

/// <summary>Names a static method, <c>void M()</c> or <c>void M(string[])</c>, that <see cref="ChildProcess"/> can run.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ChildScenarioAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>Runs a scenario of this assembly in a process of its own: another instruction set, a crash, a measurement.</summary>
internal static class ChildProcess
{
    private const int UnhandledException = 70;
    private const BindingFlags AnyStatic = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
    private static readonly string[] Switches = ["DOTNET_EnableAVX512", "DOTNET_EnableAVX2", "DOTNET_EnableHWIntrinsic"];

    /// <summary>The instruction sets a scenario can be run with: names for theories, see <see cref="RunWith"/>.</summary>
    public static IReadOnlyList<string> InstructionSets { get; } = ["default", .. Switches];

    /// <summary>Runs the scenario with the whole instruction set (<c>default</c>) or with one switch set to 0.</summary>
    public static ChildResult RunWith(string instructionSet, string scenario, params string[] arguments) =>
        Run(scenario, arguments, instructionSet == "default" ? [] : new() { [instructionSet] = "0" });

    /// <summary>
    /// Runs the scenario; the child inherits the environment but for the instruction set's switches. <paramref name="through"/>
    /// is a command that starts it, such as <c>taskset -c 0</c>.
    /// </summary>
    /// <exception cref="TimeoutException">
    /// The child took longer than <paramref name="timeout"/>, 60 seconds by default.
    /// </exception>
    public static ChildResult Run(
        string scenario, string[]? arguments = null, Dictionary<string, string>? environment = null, TimeSpan? timeout = null,
        string[]? through = null)
    {
        string[] command = [.. through ?? [], DotnetPath];
        var start = new ProcessStartInfo(command[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        string assembly = Path.Combine(AppContext.BaseDirectory, typeof(ChildProcess).Assembly.GetName().Name + ".dll");
        foreach (string argument in (string[])[.. command[1..], "exec", assembly, "child", scenario, .. arguments ?? []])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (string name in Switches)
        {
            start.Environment.Remove(name);
        }

        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        foreach ((string name, string value) in environment ?? [])
        {
            start.Environment[name] = value;
        }

        return Wait(start, scenario, timeout ?? TimeSpan.FromSeconds(60));
    }

    /// <summary>The child's side: finds the scenario and runs it. Called by the entry point.</summary>
    public static int Dispatch(string scenario, string[] arguments)
    {
        MethodInfo[] found = [.. typeof(ChildProcess).Assembly.GetTypes().SelectMany(type => type.GetMethods(AnyStatic))
            .Where(method => method.GetCustomAttribute<ChildScenarioAttribute>()?.Name == scenario)];
        if (found is not [MethodInfo method])
        {
            Console.Error.WriteLine($"{found.Length} methods are marked [ChildScenario(\"{scenario}\")].");
            return UnhandledException;
        }

        try
        {
            if (method.GetParameters().Length == 0)
            {
                method.CreateDelegate<Action>()();
            }
            else
            {
                method.CreateDelegate<Action<string[]>>()(arguments);
            }

            return 0;
        }
        catch (Exception exception)
        {
            Console.Error.WriteLine(exception);
            return UnhandledException;
        }
    }

    // The host that runs this process's runtime, so that the child runs the same one.
    private static string DotnetPath
    {
        get
        {
            string name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
            string path = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../..", name));
            return File.Exists(path) ? path : name;
        }
    }

    private static ChildResult Wait(ProcessStartInfo start, string scenario, TimeSpan timeout)
    {
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(timeout))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"Scenario {scenario} took longer than {timeout.TotalSeconds} s.");
        }

        string[] lines = output.Result.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return new ChildResult(scenario, process.ExitCode, lines, error.Result);
    }
}

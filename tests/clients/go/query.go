/* SPDX-License-Identifier: Apache-2.0 */

// Command query runs one query with an unmodified cloud.google.com/go/bigquery.
//
//	query [-project P] [-location L] [-key-file FILE] [-dry-run | -exec | -table] [-rows N] SQL
//
// With -exec it waits for the job and does not read rows, as one does for DML and DDL. With
// -table the argument is DATASET.TABLE, which is read without SQL.
// Credentials are the default ones unless a key file is named. Prints one JSON line:
// what the user got. Exit status 0 for rows, 1 for an error, 2 for wrong use.
//
// Build (Debian's golang-google-cloud-dev): see build.sh beside this file.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"cloud.google.com/go/bigquery"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
)

type failure struct {
	Message string `json:"message"`
	Code    int    `json:"code,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

type answer struct {
	Client    string                      `json:"client"`
	Mode      string                      `json:"mode"`
	OK        bool                        `json:"ok"`
	DMLRows   int64                       `json:"dml_rows,omitempty"`
	JobID     string                      `json:"job_id,omitempty"`
	Rows      []map[string]bigquery.Value `json:"rows,omitempty"`
	Bytes     int64                       `json:"bytes_processed,omitempty"`
	Error     *failure                    `json:"error,omitempty"`
	ElapsedMs int64                       `json:"elapsed_ms"`
}

func run(ctx context.Context, out *answer, project, location, keyFile, sql string, limit int) error {
	var opts []option.ClientOption
	if keyFile != "" {
		opts = append(opts, option.WithCredentialsFile(keyFile))
	}
	client, err := bigquery.NewClient(ctx, project, opts...)
	if err != nil {
		return err
	}
	defer client.Close()
	client.Location = location
	if out.Mode == "table" {
		dataset, table, _ := strings.Cut(sql, ".")
		return read(out, client.Dataset(dataset).Table(table).Read(ctx), limit)
	}
	query := client.Query(sql)
	query.DryRun = out.Mode == "dry-run"
	job, err := query.Run(ctx)
	if err != nil {
		return err
	}
	if query.DryRun {
		out.Bytes = job.LastStatus().Statistics.TotalBytesProcessed
		return nil
	}
	out.JobID = job.ID()
	if out.Mode == "exec" {
		return wait(ctx, out, job)
	}
	it, err := job.Read(ctx)
	if err != nil {
		return err
	}
	return read(out, it, limit)
}

func read(out *answer, it *bigquery.RowIterator, limit int) error {
	for len(out.Rows) < limit {
		row := map[string]bigquery.Value{}
		err := it.Next(&row)
		if err == iterator.Done {
			break
		}
		if err != nil {
			return err
		}
		out.Rows = append(out.Rows, row)
	}
	return nil
}

func wait(ctx context.Context, out *answer, job *bigquery.Job) error {
	status, err := job.Wait(ctx)
	if err != nil {
		return err
	}
	if details, ok := status.Statistics.Details.(*bigquery.QueryStatistics); ok {
		out.DMLRows = details.NumDMLAffectedRows
	}
	return status.Err()
}

func describe(err error) *failure {
	f := &failure{Message: err.Error()}
	var api *googleapi.Error
	var job *bigquery.Error
	if errors.As(err, &api) {
		f.Code = api.Code
		if len(api.Errors) > 0 {
			f.Reason = api.Errors[0].Reason
		}
	} else if errors.As(err, &job) {
		f.Reason = job.Reason
	}
	return f
}

func main() {
	project := flag.String("project", os.Getenv("GOOGLE_CLOUD_PROJECT"), "project id")
	location := flag.String("location", "", "location of the job")
	keyFile := flag.String("key-file", "", "service account key file")
	dryRun := flag.Bool("dry-run", false, "only ask what the query would read")
	exec := flag.Bool("exec", false, "wait for the job, read no rows")
	table := flag.Bool("table", false, "read DATASET.TABLE without SQL")
	limit := flag.Int("rows", 10000, "stop after so many rows")
	timeout := flag.Duration("timeout", 2*time.Minute, "give up after")
	flag.Parse()
	sql := flag.Arg(0)
	if sql == "" {
		sql = os.Getenv("SQL")
	}
	if sql == "" || *project == "" {
		fmt.Fprintln(os.Stderr, "query: a project (-project) and SQL are needed")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	out := answer{Client: "go", Mode: "query"}
	if *dryRun {
		out.Mode = "dry-run"
	} else if *exec {
		out.Mode = "exec"
	} else if *table {
		out.Mode = "table"
	}
	started := time.Now()
	err := run(ctx, &out, *project, *location, *keyFile, sql, *limit)
	out.OK = err == nil
	if err != nil {
		out.Error = describe(err)
		out.Rows = nil
	}
	out.ElapsedMs = time.Since(started).Milliseconds()
	line, jsonErr := json.Marshal(out)
	if jsonErr != nil {
		fmt.Fprintln(os.Stderr, "query:", jsonErr)
		os.Exit(2)
	}
	fmt.Println(string(line))
	if err != nil {
		os.Exit(1)
	}
}
